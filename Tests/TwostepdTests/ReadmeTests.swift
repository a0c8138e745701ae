import Foundation
import Glibc
import SimulatedVendor
import Testing

/// Runs every command of the README's blocks unchanged and in order, in a folder that represents the machine.
///
/// A block in an unknown language, or with an unknown program, fails: a contributor who adds one has to define here how
/// it is run.
@Suite("The README", .longInTurn)
struct ReadmeTests {
    /// A fenced block.
    private struct Block {
        let language: String
        let text: String
    }

    private static func blocks() throws -> [Block] {
        let text = try String(contentsOf: ManPageTests.repository.appending(path: "README.md"), encoding: .utf8)
        return text.matches(of: #/(?m)^(?<indent> *)```(?<language>\w*)\n(?<body>(?s:.*?))^ *```/#).map { match in
            let indent = match.output.indent.count
            let lines = match.output.body.split(separator: "\n", omittingEmptySubsequences: false)
            return Block(
                language: String(match.output.language),
                text: lines.map { String($0.dropFirst(min(indent, $0.prefix { $0 == " " }.count))) }.joined(
                    separator: "\n"))
        }
    }

    /// The commands that are run in another form than the README's, with the reasons.
    private static let substitutes = [
        // It would run this very test, without end: only its syntax is checked.
        "scripts/test.sh": "bash -n scripts/test.sh",
        // A PIN is shown only on a terminal, which `script` provides.
        "sudo twostepd pin show +15550100001 --reason \"first set-up\"":
            "script -qec 'twostepd pin show +15550100001 --reason \"first set-up\"' /dev/null",
    ]

    /// The programs of the machine, below `$ROOT`. Other programs do not reach the machine of the tests.
    ///
    /// `swift` is the one that has built this test, and would wait for itself: its product is the program under test.
    private static let machine = """
        set -euo pipefail
        mkdir -p "$ROOT/shims" "$ROOT/bin"
        cat >"$ROOT/shims/swift" <<'END'
        #!/bin/bash
        case "$*" in
        *--show-bin-path) echo "$BUILT" ;;
        'build --product twostepd' | 'build -c release --static-swift-stdlib --product twostepd') ;;
        *) echo "ReadmeTests does not know: swift $*" >&2; exit 1 ;;
        esac
        END
        chmod +x "$ROOT/shims/swift"
        PATH=$ROOT/bin:$ROOT/shims:$PATH
        sudo() {
            case "$1" in
            install | mkdir | cp | twostepd) "$@" ;;
            *) echo "ReadmeTests does not know how to stand in for: $*" >&2; return 1 ;;
            esac
        }
        sudoedit() { printf '%s\\n' "$EDITED" >"$1"; }

        """

    /// Splits a line into its command and its comment.
    private static func parts(_ line: String) -> (command: String, comment: String) {
        guard let comment = line.firstMatch(of: #/ +# /#) else { return (line, "") }
        return (String(line[..<comment.range.lowerBound]), String(line[comment.range.upperBound...]))
    }

    private static func script(root: String, endpoint: String) throws -> (text: String, commands: [String]) {
        var text = machine
        var commands: [String] = []
        for block in try blocks() {
            switch block.language {
            case "sh":
                for line in block.text.split(separator: "\n").map(String.init) {
                    let (command, comment) = parts(line)
                    try #require(!command.isEmpty, "a line of a block is no command: \(line)")
                    let known = ["scripts/demo.sh", "scripts/test.sh", "swift", "sudo", "sudoedit"]
                    guard known.contains(String(command.split(separator: " ")[0])) else {
                        throw TestFailure("ReadmeTests does not know how to run: \(command)")
                    }
                    commands.append(command)
                    // The text to type into the editor is in the comment beside the command.
                    let typed = comment.replacing("'", with: "'\\''")
                    text += "export EDITED='\(typed)'\necho '== command \(commands.count)'\n"
                    text += (substitutes[command] ?? command) + "\n"
                }
            case "yaml":
                // The only change: a vendor that is not the real one.
                let state = block.text.replacing("defaults:\n", with: "defaults:\n  endpoint: \(endpoint)\n")
                text += "cat >/etc/twostepd/desired-state.yaml <<'END'\n\(state)\nEND\n"
            default: throw TestFailure("ReadmeTests does not know blocks of \(block.language)")
            }
            // The defaults name folders of the whole machine.
            text += """
                if [ -e /etc/twostepd/twostepd.yaml ] && ! grep -q '^listen' /etc/twostepd/twostepd.yaml; then
                    printf '%s\\n' 'state_directory: ../state' 'runtime_directory: ../run' 'listen: "off"' \
                        'secrets: secrets.yaml' >>/etc/twostepd/twostepd.yaml
                fi

                """
        }
        return (
            text.replacing("/etc/twostepd", with: "\(root)/etc").replacing(
                "/usr/bin/twostepd", with: "\(root)/bin/twostepd"),
            commands
        )
    }

    @Test(.timeLimit(.minutes(10)))
    func `every command of its blocks works, word for word`() async throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent("twostepd-readme-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
        var options = SimulatedVendor.Options()
        options.tokens = [SimulatedToken(token: "THE-TOKEN", state: .on(pin: "604180"))]
        let vendor = try await SimulatedVendor(options)
        let (script, commands) = try Self.script(root: root.path, endpoint: vendor.url)
        #expect(commands.count > 10)
        #expect(Set(Self.substitutes.keys).subtracting(commands) == [], "the README has these no more")
        try Data(script.utf8).write(to: root.appending(path: "readme.sh"))
        let output = try await Shell.run(
            "env",
            [
                "-C", ManPageTests.repository.path, "ROOT=\(root.path)", "NO_COLOR=1",
                "BUILT=\(Binary.url.deletingLastPathComponent().path)",
                "TWOSTEPD_CONFIG=\(root.path)/etc/twostepd.yaml",
                "bash", "-c", "timeout 500 bash \"$ROOT/readme.sh\" 2>&1 || echo FAILED",
            ], within: .seconds(510))
        let parts = output.components(separatedBy: "== command ").dropFirst().map { String($0) }
        try #require(parts.count == commands.count && !output.contains("FAILED"), "\(output.suffix(4000))")
        let said = { (command: String) in
            zip(commands, parts).first { $0.0.contains(command) }?.1 ?? "no such command"
        }
        #expect(said("demo.sh").contains("the vendor's truth agrees with the store: 12 of 12"))
        #expect(said("twostepd check").contains("valid, 1 number"), "\(said("twostepd check"))")
        #expect(said("twostepd plan").contains("1 disable then enable now"), "\(said("twostepd plan"))")
        #expect(said("twostepd status").contains("1 converged"), "\(said("twostepd status"))")
        let pin = try #require(vendor.truth["THE-TOKEN"]?.pin)
        #expect(pin != "604180" && said("pin show").contains(pin), "\(said("pin show"))")
        try await vendor.stop()
        try FileManager.default.removeItem(at: root)
    }
}
