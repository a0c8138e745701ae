import Foundation
import Planning
import Yams

/// Reads the hooks of one settings file.
struct HookWalk {
    typealias Field = NodeReader.Field

    let reader: NodeReader

    private var findings: Findings { reader.findings }

    private static let mostArguments = 64
    private static let longestArgument = 4096
    private static let longestTemplate = 8192
    private static let targets = "'url', 'url_secret' or 'command'"

    func hooks(_ field: Field) -> [HookSettings] {
        guard !field.isNull else { return [] }
        guard case .sequence(let sequence) = field.node else {
            findings.error(
                field.position, "'hooks' must be a list, and this is \(reader.kind(of: field.node))",
                hint: "begin each hook with '- name: …'")
            return []
        }
        guard sequence.count <= HookSettings.most else {
            findings.error(
                field.position, "'hooks' has \(sequence.count) entries, and \(HookSettings.most) is the most")
            return []
        }
        var seen: Set<String> = []
        return sequence.compactMap { node in
            let position = node.mark.map { Findings.Position($0) } ?? field.position
            guard
                let fields = reader.fields(of: node, at: position, subject: "an entry of 'hooks'", as: HookKey.self),
                let hook = hook(fields)
            else { return nil }
            if !seen.insert(hook.name).inserted {
                findings.error(fields[.name]?.position ?? position, "there are two hooks named '\(hook.name)'")
            }
            return hook
        }
    }

    private func hook(_ fields: NodeReader.Fields<HookKey>) -> HookSettings? {
        let name = fields[.name].flatMap { self.name($0, "a short name") }
        if fields[.name] == nil { findings.error(fields.position, "the hook has no 'name'") }
        let kinds = kinds(fields)
        let target = target(fields)
        let template = fields[.template].flatMap(template)
        let signing = fields[.signingSecret].flatMap { self.name($0, "the name of a secret") }
        let includesPIN = fields[.includePIN].flatMap(flag) ?? false
        var timeout = HookSettings.defaultTimeout
        if let field = fields[.timeout],
            let time = reader.duration(field, in: .init(lowest: .seconds(1), highest: .seconds(120)))
        {
            timeout = time
        }
        guard let name, let kinds, let target else { return nil }
        if case .command = target {
            for key in [HookKey.template, .signingSecret] {
                guard let field = fields[key] else { continue }
                findings.error(field.keyPosition, "'\(key.rawValue)' is for what is posted, and this hook is a program")
            }
        } else if includesPIN, let field = fields[.includePIN] {
            findings.error(
                field.keyPosition, "'include_pin' is for programs: a PIN is not posted",
                hint: "let a program hand it on, with 'command'")
        }
        if includesPIN, !kinds.contains(.rotated), let field = fields[.includePIN] {
            findings.error(field.keyPosition, "'include_pin' needs 'rotated' in 'on': there is a new PIN with no other")
        }
        return HookSettings(
            name: name, kinds: kinds, target: target, signingSecret: signing, template: template,
            includesPIN: includesPIN, timeout: timeout)
    }

    private func name(_ field: Field, _ expectation: String) -> String? {
        guard let text = reader.text(field, expectation, showsSource: false) else { return nil }
        guard SecretShape.isName(text), !SecretShape.looksLikeToken(text) else {
            findings.error(
                field.position, "'\(field.name)' must be \(expectation), of letters, digits, '-', '_' and '.'",
                showsSource: false)
            return nil
        }
        return text
    }

    private func kinds(_ fields: NodeReader.Fields<HookKey>) -> Set<HookKind>? {
        let words = HookKind.allCases.map(\.rawValue)
        guard let field = fields[.on], case .sequence(let sequence) = field.node, !sequence.isEmpty else {
            findings.error(
                fields[.on]?.position ?? fields.position, "the hook needs 'on': a list of what it is told of",
                hint: "known are: \(words.joined(separator: ", "))")
            return nil
        }
        var kinds: Set<HookKind> = []
        for node in sequence {
            let position = node.mark.map { Findings.Position($0) } ?? field.position
            guard let text = node.scalar?.string, let kind = HookKind(rawValue: text) else {
                let text = node.scalar?.string ?? reader.kind(of: node)
                findings.error(
                    position, "there is no \(VisibleText.quoted(text)) to be told of",
                    hint: NearestName.hint(for: text, among: words) ?? "known are: \(words.joined(separator: ", "))")
                return nil
            }
            kinds.insert(kind)
        }
        return kinds
    }

    private func target(_ fields: NodeReader.Fields<HookKey>) -> HookSettings.Target? {
        let given = [fields[.url], fields[.urlSecret], fields[.command]].compactMap(\.self)
        guard given.count == 1, let field = given.first else {
            findings.error(
                given.last?.keyPosition ?? fields.position,
                "the hook needs one of \(Self.targets), and has \(given.count)")
            return nil
        }
        if fields[.urlSecret] != nil {
            return name(field, "the name of a secret").map { .secretURL($0) }
        }
        guard fields[.command] == nil else { return command(field).map { .command($0) } }
        guard let text = reader.text(field, "an https URL", showsSource: false) else { return nil }
        if let problem = HookURL.problem(with: text) {
            findings.error(field.position, "'url' \(problem)", showsSource: false)
            return nil
        }
        return .url(text)
    }

    private func command(_ field: Field) -> [String]? {
        guard case .sequence(let sequence) = field.node, (1...Self.mostArguments).contains(sequence.count) else {
            findings.error(
                field.position, "'command' must be a list: a program and its arguments",
                hint: "write [/path/of/program, argument]; there is no shell")
            return nil
        }
        let texts = sequence.compactMap { $0.scalar?.string }
        guard texts.count == sequence.count, texts[0].hasPrefix("/"),
            texts.allSatisfy({ $0.utf8.count <= Self.longestArgument && !$0.utf8.contains(0) })
        else {
            findings.error(
                field.position, "'command' must begin with the absolute path of a program",
                hint: "write [/path/of/program, argument]; there is no shell")
            return nil
        }
        return texts
    }

    private func template(_ field: Field) -> String? {
        guard let text = reader.text(field, "a template of JSON") else { return nil }
        guard text.utf8.count <= Self.longestTemplate,
            let sample = HookSettings.fill(text, { _ in "word" }),
            // Where it is not JSON is not said: the place would be one in the filled text.
            (try? JSONSerialization.jsonObject(with: Data(sample.utf8))) != nil
        else {
            findings.error(
                field.position, "'template' must be JSON with {{words}} inside of its strings",
                hint: "known words are: \(HookSettings.templateWords.joined(separator: ", "))")
            return nil
        }
        return text
    }

    private func flag(_ field: Field) -> Bool? {
        switch field.node.scalar?.string {
        case "true": return true
        case "false": return false
        default:
            findings.error(field.position, "'\(field.name)' must be true or false")
            return nil
        }
    }
}

/// What a webhook's URL must be.
public enum HookURL {
    /// What is wrong with a URL, behind its name; nil when nothing is. It does not show the URL.
    public static func problem(with text: String) -> String? {
        guard text.utf8.count <= 2048, let parts = URLComponents(string: text), let host = parts.host, !host.isEmpty,
            parts.user == nil, parts.password == nil, parts.port.map({ (1...65_535).contains($0) }) ?? true
        else { return "must be an https URL without a user and a password" }
        switch parts.scheme?.lowercased() {
        case "https": return nil
        case "http" where LoopbackHost.contains(host): return nil
        default: return "must begin with https:// (http:// only to loopback)"
        }
    }
}
