import Foundation
import Testing

@Suite("import, the real binary", .inTurn)
struct ImportTests {
    /// Runs `body` in a folder that is removed afterwards.
    private func inFolder(_ body: (URL) async throws -> Void) async throws {
        let name = "twostepd-import-\(UUID().uuidString)"
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try await body(folder)
        try FileManager.default.removeItem(at: folder)
    }

    private func write(_ text: String, _ file: URL, mode: Int = 0o644) throws {
        try Data(text.utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
    }

    private func mode(_ file: URL) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int
    }

    private static let list = "number;label;token\r\n+1 555 010 0002;b;b\r\n+1 555 010 0001;a;a\r\n"

    @Test func `import prints a file that check finds valid`() async throws {
        try await inFolder { folder in
            let (list, file) = (folder.appendingPathComponent("l.csv"), folder.appendingPathComponent("d.yaml"))
            try write(Self.list, list)
            let result = try await Binary.run(["import", list.path])
            #expect(result.code == 0 && result.errors.isEmpty)
            try write(result.output, file)
            let settings = folder.appendingPathComponent("none.yaml").path
            let check = try await Binary.run(["check", file.path], environment: ["TWOSTEPD_CONFIG": settings])
            #expect(check.code == 0, "\(check.errors)")
        }
    }

    @Test func `import makes a file, never replaces one unasked, and leaves no half of one`() async throws {
        try await inFolder { folder in
            let (list, file) = (folder.appendingPathComponent("l.csv"), folder.appendingPathComponent("d.yaml"))
            try write(Self.list, list)
            let made = try await Binary.run(["import", list.path, "--output", file.path])
            #expect(made.code == 0 && made.output.isEmpty && made.errors.contains("2 numbers"))
            let text = try String(contentsOf: file, encoding: .utf8)
            #expect(text.contains("- number: \"+15550100001\""))

            try write("number,token\n+15550100009,z\n", list)
            let refused = try await Binary.run(["import", list.path, "--output", file.path])
            #expect(refused.code == 1 && refused.errors.contains("--force"))
            #expect(try String(contentsOf: file, encoding: .utf8) == text)

            #expect(try await Binary.run(["import", list.path, "-o", file.path, "--force"]).code == 0)
            #expect(try String(contentsOf: file, encoding: .utf8).contains("+15550100009"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["d.yaml", "l.csv"])
        }
    }

    @Test func `a list with mistakes gives no file, exit 78, and every mistake with its place`() async throws {
        try await inFolder { folder in
            let (list, file) = (folder.appendingPathComponent("l.csv"), folder.appendingPathComponent("d.yaml"))
            try write("number,token\n0049301234567,a\n+15550100001,CANARYa8f3b2c9d4e5f6a7b8\n", list)
            let result = try await Binary.run(["import", list.path, "--output", file.path])
            #expect(result.code == 78 && result.output.isEmpty)
            #expect(result.errors.contains("l.csv:2:1: error:") && result.errors.contains("l.csv:3:14: error:"))
            #expect(!result.errors.contains("CANARY"))
            #expect(!FileManager.default.fileExists(atPath: file.path))
            #expect(try await Binary.run(["import", folder.appendingPathComponent("no.csv").path]).code == 78)
            #expect(try await Binary.run(["import", list.path, "--force"]).code == 64)
        }
    }

    @Test func `--force keeps the mode of the file that it replaces, and a link`() async throws {
        try await inFolder { folder in
            let (list, file) = (folder.appendingPathComponent("l.csv"), folder.appendingPathComponent("d.yaml"))
            let link = folder.appendingPathComponent("link.yaml")
            try write(Self.list, list)
            try write("old", file, mode: 0o640)
            try FileManager.default.createSymbolicLink(at: link, withDestinationURL: file)
            let result = try await Binary.run(["import", list.path, "--output", link.path, "--force"])
            #expect(result.code == 0 && result.output.isEmpty)
            #expect(try String(contentsOf: file, encoding: .utf8).contains("+15550100001"))
            #expect(try mode(file) == 0o640)
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link.path) == file.path)
        }
    }

    @Test func `import reads standard input`() async throws {
        let script = "printf '%s' \"$1\" | \"$0\" import -"
        let output = try await Shell.run("bash", ["-c", script, Binary.url.path, Self.list])
        #expect(output.contains("numbers:\n  - number: \"+15550100001\""))
    }
}
