import Foundation
import Testing

/// Runs the unchanged blocks of two sections of docs/operations.md against the real binary in a folder of its own.
@Suite("The way from an empty machine to a managed fleet", .inTurn)
struct AcceptancePathTests {
    private static let way = "From an empty machine to a managed fleet"
    private static let badDays = "Bad days, rehearsed"

    /// Returns the `sh` blocks of the section with this title.
    private static func blocks(of section: String) throws -> [String] {
        let file = ManPageTests.repository.appending(path: "docs/operations.md")
        let text = try String(contentsOf: file, encoding: .utf8)
        let title = "## \(section)\n"
        let section = text.components(separatedBy: title).dropFirst().first?.components(separatedBy: "\n## ").first
        return try #require(section).matches(of: #/```sh\n(?<block>(?s:.*?))```/#).map { String($0.output.block) }
    }

    /// A machine with the package: the program, the samples, a service manager.
    private static let machine = """
        set -euo pipefail
        systemctl() {
            case "$*" in
            'enable --now twostepd' | 'start twostepd') ;;
            'stop twostepd')
                kill "$daemon"
                wait "$daemon"
                return
                ;;
            *) return 1 ;;
            esac
            twostepd run 2>"$ROOT/daemon.log" &
            daemon=$!
            for _ in $(seq 300); do
                if grep -q ' Ready ' "$ROOT/daemon.log"; then return 0; fi
                sleep 0.1
            done
            cat "$ROOT/daemon.log" >&2
            return 1
        }
        expect() {
            local wanted=$1 code=0
            shift
            "$@" || code=$?
            [ "$code" = "$wanted" ] || { echo "exit $code instead of $wanted: $*" >&2; return 1; }
        }
        end() {
            local code=$?
            kill $(jobs -p) 2>/dev/null || true
            wait
            exit "$code"
        }
        trap end EXIT

        """

    /// Returns the blocks as a script whose folders are below `root` and whose vendor listens on `port`.
    private static func script(_ section: String, root: String, port: Int) throws -> String {
        let body = try blocks(of: section).enumerated().map { index, block in
            // `command    # exit 78` states that the command fails, and its exit code.
            let lines = block.replacing(#/(?m)^(.*\S) +# exit (\d+)$/#) { "expect \($0.2) \($0.1)" }
            return "echo '== block \(index + 1)'\n" + lines
        }
        return (machine + "\n" + body.joined()).replacing("/etc/twostepd", with: "\(root)/etc")
            .replacing("/var/lib/twostepd", with: "\(root)/state").replacing(
                "/tmp/fleet.csv", with: "\(root)/fleet.csv"
            ).replacing("8180", with: "\(port)")
    }

    /// Runs a section. Returns the output of each of its blocks, in order.
    private func run(_ section: String) async throws -> [String] {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent("twostepd-path-\(UUID().uuidString)")
        let etc = root.appendingPathComponent("etc")
        try FileManager.default.createDirectory(at: etc, withIntermediateDirectories: true)
        let samples = ManPageTests.repository.appending(path: "config")
        for name in ["desired-state.yaml", "desired-state.schema.json"] {
            try FileManager.default.copyItem(at: samples.appending(path: name), to: etc.appending(path: name))
        }
        // The defaults name folders of the whole machine; everything else is as in the sample.
        let settings =
            try String(contentsOf: samples.appending(path: "twostepd.yaml"), encoding: .utf8)
            + "\nstate_directory: \(root.path)/state\nruntime_directory: \(root.path)/run\n"
            + "secrets: \(etc.path)/secrets.yaml\nlisten: \"off\"\n"
        try Data(settings.utf8).write(to: etc.appending(path: "twostepd.yaml"))
        try Data(Self.script(section, root: root.path, port: try FreePort.find()).utf8).write(
            to: root.appending(path: "path.sh"))

        let output = try await Shell.run(
            "env",
            [
                "ROOT=\(root.path)", "TWOSTEPD_CONFIG=\(etc.path)/twostepd.yaml", "NO_COLOR=1",
                "PATH=\(Binary.url.deletingLastPathComponent().path):/usr/local/bin:/usr/bin:/bin", "bash", "-c",
                "timeout 120 bash \"$ROOT/path.sh\" 2>&1 || echo FAILED",
            ])
        try FileManager.default.removeItem(at: root)
        let parts = ("\n" + output).components(separatedBy: "\n== block ").dropFirst().map { $0 }
        try #require(parts.count == (try Self.blocks(of: section).count) && !output.contains("FAILED"), "\(output)")
        return parts
    }

    @Test func `from an empty machine: it works as docs/operations.md says, word for word`() async throws {
        let parts = try await run(Self.way)
        let output = parts.joined(separator: "\n== block ")
        let text = { (wanted: String) in parts.first { $0.contains(wanted) } }
        #expect(text("desired-state.yaml: 2 numbers") != nil, "imported\n\(output)")
        #expect(
            text("valid, 2 numbers")?.contains("Plan: 2 disable then enable now") == true,
            "checked and planned\n\(output)")
        #expect(text("2 numbers: 2 converged") != nil, "applied\n\(output)")
        #expect(text("'rotate_every' must be a duration")?.contains("NOT VALID") == true, "broken\n\(output)")
        let repaired = try #require(parts.dropLast().last)
        #expect(repaired.contains("valid, 2 numbers") && !repaired.contains("NOT VALID"), "mended\n\(output)")
        #expect(repaired.contains("2 numbers: 2 converged"), "mended\n\(output)")
        let who = try #require(parts.last)
        #expect(who.contains("intact") && who.contains("new handset, ticket 4712"), "who\n\(output)")
        #expect(who.contains("+15550100001") && !who.contains("+15550100002"), "who\n\(output)")
    }

    @Test func `on bad days each step's own output names the next command`() async throws {
        let parts = try await run(Self.badDays)
        let output = parts.joined(separator: "\n== block ")
        try #require(parts.count == 5)
        let (first, edit, token, volume, machine) = (parts[0], parts[1], parts[2], parts[3], parts[4])
        #expect(first.contains("HELD: ") && first.contains("twostepd apply --accept "), "first fleet\n\(output)")
        #expect(first.contains("5 numbers: 5 converged"), "first fleet\n\(output)")
        #expect(edit.contains("it would drop 2 of 5 managed numbers"), "wrong edit\n\(output)")
        #expect(edit.contains("twostepd plan") && edit.contains("twostepd accept "), "wrong edit\n\(output)")
        #expect(edit.contains("5 numbers: 5 converged"), "wrong edit\n\(output)")
        #expect(token.contains("refused the token \"n3\""), "expired token\n\(output)")
        #expect(
            token.contains("check its value") && token.contains("then `twostepd reload`"), "expired token\n\(output)")
        #expect(token.contains("+15550100003: done, PIN generation "), "expired token\n\(output)")
        #expect(
            volume.contains("there is no store in") && volume.contains("is its volume mounted"), "volume\n\(output)")
        #expect(volume.contains("this store is new") && volume.contains("so none is in force"), "volume\n\(output)")
        #expect(volume.contains("5 numbers: 5 converged"), "volume\n\(output)")
        #expect(machine.contains("5 numbers: 5 converged"), "new machine\n\(output)")
    }
}
