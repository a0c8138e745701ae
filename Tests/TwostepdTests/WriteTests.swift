import Foundation
import Testing

/// Commands that write a file and fail, or are stopped in between.
@Suite("Files that are written, the real binary", .inTurn)
struct WriteTests {
    /// Runs `body` in a folder with a list of a thousand numbers and a file that an import of it replaces; `run`
    /// imports under a limit of 4 KiB a file.
    private func inFolder(_ body: (_ folder: URL, _ run: (String) async throws -> String) async throws -> Void)
        async throws
    {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "twostepd-write-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let list = (0..<1000).map { "+1556\(1_000_000 + $0),t\($0)" }
        try Data((["number,token"] + list).joined(separator: "\n").utf8).write(to: folder.appending(path: "l.csv"))
        try Data("old\n".utf8).write(to: folder.appending(path: "d.yaml"))
        try await body(folder) { before in
            // Only the command is under the limit: the shell, too, may write to a file that is larger.
            let limited = "(ulimit -f 4; exec \"$0\" import l.csv --output d.yaml --force 2>&1)"
            let command = "\(before) \(limited); echo \"exit $?\""
            return try await Shell.run("bash", ["-c", "cd '\(folder.path)'; \(command)", Binary.url.path])
        }
        try FileManager.default.removeItem(at: folder)
    }

    private func names(_ folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }

    private func content(_ folder: URL) throws -> String {
        try String(contentsOf: folder.appending(path: "d.yaml"), encoding: .utf8)
    }

    @Test func `a file that the system does not take leaves the old one, and nothing beside it`() async throws {
        try await inFolder { folder, run in
            let output = try await run("trap '' XFSZ;")
            #expect(output.contains("exit 1") && output.contains("File too large"), "\(output)")
            #expect(try content(folder) == "old\n")
            #expect(try names(folder) == ["d.yaml", "l.csv"])
        }
    }

    @Test
    func `a process that is killed in the middle of writing leaves the old file, and the next one is not in its way`()
        async throws
    {
        try await inFolder { folder, run in
            // The signal of the limit ends it.
            let output = try await run("")
            #expect(output.contains("exit 153"), "\(output)")
            #expect(try content(folder) == "old\n")
            let left = try names(folder)
            #expect(left.count == 3 && left.contains { $0.hasSuffix(".part") }, "\(left)")
            let list = folder.appending(path: "l.csv").path
            let again = try await Binary.run([
                "import", list, "--output", folder.appending(path: "d.yaml").path, "--force",
            ])
            #expect(again.code == 0, "\(again.errors)")
            #expect(try content(folder).contains("+15561000999"))
        }
    }
}
