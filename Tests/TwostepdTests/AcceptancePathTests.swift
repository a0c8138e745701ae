import Foundation
import Testing

/// Runs the blocks of "From an empty machine to a managed fleet" in docs/operations.md, as they stand there, against
/// the real binary in a folder of its own.
@Suite("The way from an empty machine to a managed fleet", .inTurn)
struct AcceptancePathTests {
    /// The `sh` blocks of the section.
    private static func blocks() throws -> [String] {
        let file = ManPageTests.repository.appending(path: "docs/operations.md")
        let text = try String(contentsOf: file, encoding: .utf8)
        let title = "## From an empty machine to a managed fleet\n"
        let section = text.components(separatedBy: title).dropFirst().first?.components(separatedBy: "\n## ").first
        return try #require(section).matches(of: #/```sh\n(?<block>(?s:.*?))```/#).map { String($0.output.block) }
    }

    /// What a machine with the package has: the program, the samples, a service manager.
    private static let machine = """
        set -euo pipefail
        systemctl() {
            [ "$*" = 'enable --now twostepd' ]
            twostepd run 2>"$ROOT/daemon.log" &
            for _ in $(seq 300); do
                if twostepd reload 2>/dev/null; then return 0; fi
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

    /// The blocks as a script whose folders are below `root` and whose vendor listens on `port`.
    private static func script(root: String, port: Int) throws -> String {
        let body = try blocks().enumerated().map { index, block in
            // `command    # exit 78` says that the command is to fail, and how.
            let lines = block.replacing(#/(?m)^(.*\S) +# exit (\d+)$/#) { "expect \($0.2) \($0.1)" }
            return "echo '== block \(index + 1)'\n" + lines
        }
        return (machine + "\n" + body.joined()).replacing("/etc/twostepd", with: "\(root)/etc")
            .replacing("/tmp/fleet.csv", with: "\(root)/fleet.csv").replacing("8180", with: "\(port)")
    }

    @Test("it works as docs/operations.md says, word for word")
    func path() async throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent("twostepd-path-\(UUID().uuidString)")
        let etc = root.appendingPathComponent("etc")
        try FileManager.default.createDirectory(at: etc, withIntermediateDirectories: true)
        let samples = ManPageTests.repository.appending(path: "config")
        for name in ["desired-state.yaml", "desired-state.schema.json"] {
            try FileManager.default.copyItem(at: samples.appending(path: name), to: etc.appending(path: name))
        }
        // The defaults name folders of the whole machine; everything else is as the sample has it.
        let settings =
            try String(contentsOf: samples.appending(path: "twostepd.yaml"), encoding: .utf8)
            + "\nstate_directory: \(root.path)/state\nruntime_directory: \(root.path)/run\n"
            + "secrets: \(etc.path)/secrets.yaml\nlisten: \"off\"\n"
        try Data(settings.utf8).write(to: etc.appending(path: "twostepd.yaml"))
        try Data(Self.script(root: root.path, port: try FreePort.find()).utf8).write(
            to: root.appending(path: "path.sh"))

        let output = try await Shell.run(
            "env",
            [
                "ROOT=\(root.path)", "TWOSTEPD_CONFIG=\(etc.path)/twostepd.yaml", "NO_COLOR=1",
                "PATH=\(Binary.url.deletingLastPathComponent().path):/usr/local/bin:/usr/bin:/bin", "bash", "-c",
                "timeout 120 bash \"$ROOT/path.sh\" 2>&1 || echo FAILED",
            ])
        let parts = output.components(separatedBy: "== block ").dropFirst().map { $0 }
        try #require(parts.count == (try Self.blocks().count) && !output.contains("FAILED"), "\(output)")
        let text = { (wanted: String) in parts.first { $0.contains(wanted) } }
        #expect(text("desired-state.yaml: 2 numbers") != nil, "imported\n\(output)")
        #expect(
            text("valid, 2 numbers")?.contains("Plan: 2 disable then enable now") == true,
            "checked and planned\n\(output)")
        #expect(text("2 numbers: 2 converged") != nil, "applied\n\(output)")
        #expect(text("'rotate_every' must be a duration")?.contains("NOT VALID") == true, "broken\n\(output)")
        let mended = try #require(parts.dropLast().last)
        #expect(mended.contains("valid, 2 numbers") && !mended.contains("NOT VALID"), "mended\n\(output)")
        #expect(mended.contains("2 numbers: 2 converged"), "mended\n\(output)")
        let who = try #require(parts.last)
        #expect(who.contains("intact") && who.contains("new handset, ticket 4712"), "who\n\(output)")
        #expect(who.contains("+15550100001") && !who.contains("+15550100002"), "who\n\(output)")
        try FileManager.default.removeItem(at: root)
    }
}
