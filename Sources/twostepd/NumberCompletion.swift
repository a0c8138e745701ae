import ArgumentParser
import ConfigFile
import Foundation
import Storage

/// Completes numbers and labels in a shell, from the store. Without a store, or without the right to read it, it offers
/// nothing and prints nothing: a message would appear in the middle of the user's command line.
enum NumberCompletion {
    /// The completion of arguments that are a number or a label.
    static let kind = CompletionKind.custom { words, _, prefix in
        candidates(words: words, prefix: prefix, shell: CompletionShell.requesting)
    }

    /// The limit of candidates: a shell is of little help with more.
    static let maxCandidates = 500

    private static func candidates(words: [String], prefix: String, shell: CompletionShell?) -> [String] {
        guard let settings = SettingsReader.read(path: settingsPath(words)).value,
            // Without a store that this user may read there is nothing to offer.
            let reader = try? StoreReader.open(at: StoreLocation(directory: settings.stateDirectory), key: nil),
            let names = try? reader.names(beginningWith: prefix, limit: maxCandidates)
        else { return [] }
        return names.flatMap { name in
            let label = name.label.flatMap { isHarmless($0) ? $0 : nil }
            return [(name.number, label), (label ?? "", label.map { _ in name.number })]
                .filter { !$0.0.isEmpty && $0.0.hasPrefix(prefix) }
                .map { described($0.0, $0.1, shell) }
        }
    }

    /// Returns the path of the settings that the command line so far names.
    private static func settingsPath(_ words: [String]) -> String {
        if let index = words.lastIndex(of: "--config"), index + 1 < words.count { return words[index + 1] }
        if let word = words.last(where: { $0.hasPrefix("--config=") }) { return String(word.dropFirst(9)) }
        return ProcessInfo.processInfo.environment["TWOSTEPD_CONFIG"] ?? ConfigOptions.defaultPath
    }

    /// Returns true when every shell treats the label as a plain word. Bash expands the candidates that it gets,
    /// command substitutions included.
    private static func isHarmless(_ label: String) -> Bool {
        label.utf8.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
                || [0x2D, 0x2E, 0x5F].contains($0)
        }
    }

    /// Returns a candidate with its other name, where the shell can show that.
    private static func described(_ word: String, _ other: String?, _ shell: CompletionShell?) -> String {
        guard let other else { return word }
        switch shell {
        case .zsh?: return "\(word):\(other)"
        case .fish?: return "\(word)\t\(other)"
        default: return word
        }
    }
}
