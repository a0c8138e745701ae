import Foundation
import Testing

@Suite("import and fmt, the real binary", .inTurn)
struct EditTests {
    /// A folder that goes away after the test.
    private func inFolder(_ body: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("twostepd-edit-\(UUID().uuidString)")
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
    private static let unsorted = """
        # head
        version: 1
        numbers:
          # of two
          - number: "+15550100002"
            token: b
          - { number: "+15550100001", token: a }
        """

    @Test("import prints a file that check and fmt have nothing against")
    func importPrints() async throws {
        try await inFolder { folder in
            let (list, file) = (folder.appendingPathComponent("l.csv"), folder.appendingPathComponent("d.yaml"))
            try write(Self.list, list)
            let result = try await Binary.run(["import", list.path])
            #expect(result.code == 0 && result.errors.isEmpty)
            try write(result.output, file)
            let settings = folder.appendingPathComponent("none.yaml").path
            let check = try await Binary.run(["check", file.path], environment: ["TWOSTEPD_CONFIG": settings])
            #expect(check.code == 0, "\(check.errors)")
            #expect(try await Binary.run(["fmt", "--check", file.path]).code == 0)
        }
    }

    @Test("import makes a file, never replaces one unasked, and leaves no half of one")
    func importWrites() async throws {
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

    @Test("a list with mistakes gives no file, exit 78, and every mistake with its place")
    func importRefuses() async throws {
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

    @Test("fmt prints; --check changes nothing and exits 1; --write keeps the mode, a link, and what is formatted")
    func fmt() async throws {
        try await inFolder { folder in
            let (file, link) = (folder.appendingPathComponent("d.yaml"), folder.appendingPathComponent("link.yaml"))
            try write(Self.unsorted, file, mode: 0o640)
            try FileManager.default.createSymbolicLink(at: link, withDestinationURL: file)
            let check = try await Binary.run(["fmt", "--check", link.path])
            #expect(check.code == 1 && check.output.isEmpty && check.errors.contains("fmt --write"))
            let printed = try await Binary.run(["fmt", link.path])
            #expect(printed.code == 0 && printed.errors.isEmpty)
            #expect(try String(contentsOf: file, encoding: .utf8) == Self.unsorted)

            let written = try await Binary.run(["fmt", "--write", link.path])
            #expect(written.code == 0 && written.output.isEmpty)
            #expect(try String(contentsOf: file, encoding: .utf8) == printed.output)
            #expect(try mode(file) == 0o640)
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link.path) == file.path)
            #expect(try await Binary.run(["fmt", "--check", link.path]).code == 0)

            let before = try FileManager.default.attributesOfItem(atPath: file.path)[.systemFileNumber] as? Int
            #expect(try await Binary.run(["fmt", "--write", file.path]).code == 0)
            let after = try FileManager.default.attributesOfItem(atPath: file.path)[.systemFileNumber] as? Int
            #expect(before != nil && before == after, "a formatted file is left alone")
        }
    }

    @Test("fmt leaves an invalid file alone, exit 78; and asks for one thing at a time, exit 64")
    func fmtRefuses() async throws {
        try await inFolder { folder in
            let file = folder.appendingPathComponent("d.yaml")
            try write("version: 1\nnumbers:\n  - numbr: 1\n", file)
            let result = try await Binary.run(["fmt", "--write", file.path])
            #expect(result.code == 78 && result.errors.contains("d.yaml:3:5: error:") && result.output.isEmpty)
            #expect(try String(contentsOf: file, encoding: .utf8) == "version: 1\nnumbers:\n  - numbr: 1\n")
            #expect(try await Binary.run(["fmt", "--write", "--check", file.path]).code == 64)
            #expect(try await Binary.run(["fmt", "--write", "-"]).code == 64)
        }
    }

    @Test("both read standard input, and fmt formats the file of the settings when none is named")
    func standardInput() async throws {
        let rig = try await Rig(Rig.fleet(2))
        let binary = Binary.url.path
        let script =
            "printf '%s' \"$1\" | \"$0\" import - | \"$0\" fmt --check - && printf '%s' \"$1\" | \"$0\" import -"
        let output = try await Shell.run("bash", ["-c", script, binary, Self.list])
        #expect(output.contains("numbers:\n  - number: \"+15550100001\""))
        #expect(try await rig.run("fmt", "--check").code == 1)
        #expect(try await rig.run("fmt", "--write").code == 0)
        #expect(try await rig.run("fmt", "--check").code == 0)
        #expect(try await rig.run("check").code == 0)
        try await rig.end()
    }
}
