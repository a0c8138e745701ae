import Foundation
import Testing

/// Completions as a shell requests them.
@Suite("Completions, the real binary and the real shells", .inTurn)
struct CompletionTests {
    /// A store with three numbers; a careless shell would execute one of the labels.
    private func rig() async throws -> Rig {
        let rig = try await Rig(Rig.fleet(3))
        let text = try String(contentsOf: rig.desiredState, encoding: .utf8)
        try rig.write(text.replacing("label: n3", with: "label: \"n3 $(touch pwned)\""), to: rig.desiredState)
        #expect(try await rig.run("apply").code == 0)
        return rig
    }

    /// Writes the completions and returns their folder.
    private func scripts(_ rig: Rig) async throws -> URL {
        let folder = rig.folder.appendingPathComponent("share")
        let script = ManPageTests.repository.appending(path: "scripts/completions.sh").path
        _ = try await Shell.run(
            "bash", ["-c", "\"$0\" \"$1\" \"$2\" 2>/dev/null", script, folder.path, Binary.url.path])
        return folder
    }

    /// Returns bash's candidates for a command line; the last word is the one to complete.
    private func bash(_ rig: Rig, _ folder: URL, _ words: [String]) async throws -> [String] {
        let script = """
            cd "$1"; PATH="$2:$PATH"; . "$3/bash-completion/completions/twostepd"; shift 3
            COMP_WORDS=(twostepd "$@"); COMP_CWORD=$#; COMP_LINE="${COMP_WORDS[*]}"; COMP_POINT=${#COMP_LINE}
            name=$(complete -p twostepd | grep -o -- '-F [^ ]*'); "${name#-F }" twostepd "${@: -1}" "${@: -2:1}"
            printf '%s\\n' "${COMPREPLY[@]}"
            """
        let arguments = [rig.folder.path, Binary.url.deletingLastPathComponent().path, folder.path]
        let environment = "TWOSTEPD_CONFIG=\(rig.config.path)"
        let output = try await Shell.run(
            "env", [environment, "bash", "-c", script, "bash"] + arguments + words)
        return output.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    @Test func `bash completes numbers and labels from the store, and runs nothing that a label says`() async throws {
        let rig = try await rig()
        let folder = try await scripts(rig)
        #expect(try await bash(rig, folder, ["status", "+1555"]) == ["+15550101001", "+15550101002", "+15550101003"])
        #expect(try await bash(rig, folder, ["status", "n"]) == ["n1", "n2"])
        #expect(try await bash(rig, folder, ["history", "+15550101002"]) == ["+15550101002"])
        #expect(try await bash(rig, folder, ["pause", "n2"]) == ["n2"])
        #expect(try await bash(rig, folder, ["observe", "n"]) == ["n1", "n2"])
        #expect(try await bash(rig, folder, ["observe", "n1", "p"]) == ["pin-changed"])
        #expect(try await bash(rig, folder, ["pin", "show", "n1"]) == ["n1"])
        #expect(try await bash(rig, folder, ["stat"]) == ["status"])
        #expect(!FileManager.default.fileExists(atPath: rig.folder.appendingPathComponent("pwned").path))
        try await rig.end()
    }

    @Test(.enabled(if: Self.has("fish")))
    func `fish takes the script, and is given each with its other name`() async throws {
        let rig = try await rig()
        let folder = try await scripts(rig)
        _ = try await Shell.run("fish", ["-n", "\(folder.path)/fish/vendor_completions.d/twostepd.fish"])
        let arguments = ["---completion", "status", "--", "positional@0", "2", "1", "twostepd", "status", "n"]
        let result = try await Binary.run(
            arguments, environment: ["TWOSTEPD_CONFIG": rig.config.path, "SAP_SHELL": "fish"])
        #expect(result.code == 0 && result.errors.isEmpty)
        #expect(result.output.contains("n1\t+15550101001\nn2\t+15550101002"))
        try await rig.end()
    }

    @Test(.enabled(if: Self.has("zsh")))
    func `zsh takes the script, and is given numbers with their labels`() async throws {
        let rig = try await rig()
        let folder = try await scripts(rig)
        _ = try await Shell.run("zsh", ["-f", "-n", "\(folder.path)/zsh/vendor-completions/_twostepd"])
        let arguments = ["---completion", "status", "--", "positional@0", "2", "3", "twostepd", "status", "+15"]
        let result = try await Binary.run(
            arguments, environment: ["TWOSTEPD_CONFIG": rig.config.path, "SAP_SHELL": "zsh"])
        #expect(result.code == 0 && result.errors.isEmpty)
        #expect(result.output.contains("+15550101001:n1\n+15550101002:n2\n+15550101003\n"))
        try await rig.end()
    }

    @Test func `without settings or a store, nothing is offered and nothing is said`() async throws {
        let rig = try await Rig(Rig.fleet(1))
        let arguments = ["---completion", "status", "--", "positional@0", "2", "0", "twostepd", "status", ""]
        for config in [rig.config.path, "/nonexistent/twostepd.yaml", rig.desiredState.path] {
            let result = try await Binary.run(arguments, environment: ["TWOSTEPD_CONFIG": config])
            #expect(
                result.code == 0 && result.output.trimmingCharacters(in: .newlines).isEmpty && result.errors.isEmpty)
        }
        #expect(!FileManager.default.fileExists(atPath: rig.store.path))
        try await rig.end()
    }

    @Test func `the settings that the command line names are those that count`() async throws {
        let rig = try await rig()
        let words = ["twostepd", "status", "--config", rig.config.path, "n"]
        let result = try await Binary.run(["---completion", "status", "--", "positional@0", "4", "1"] + words)
        #expect(result.output == "n1\nn2\n" || result.output == "n1\nn2")
        try await rig.end()
    }

    private static func has(_ shell: String) -> Bool {
        ["/usr/bin/", "/bin/"].contains { FileManager.default.isExecutableFile(atPath: $0 + shell) }
    }
}
