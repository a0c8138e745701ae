import Foundation
import SimulatedVendor
import Testing

/// Rules for every command.
@Suite("Every command, the real binary", .inTurn)
struct CommandLineTests {
    /// Returns the arguments that a command requires.
    private static func needed(_ words: [String], _ folder: URL) -> [String] {
        switch words.joined(separator: " ") {
        case "accept": ["abcdef012345"]
        case "pin show": ["+15550101001", "--reason", "test", "--format", "json"]
        case "pin list": ["+15550101001"]
        case "backup": [folder.appendingPathComponent("copy").path]
        case "audit export", "audit prune": ["--before", "2020-01-01"]
        case "import": [folder.appendingPathComponent("list.csv").path]
        case "rotate", "reapply", "reset": ["+15550101001", "--yes"]
        case "observe": ["+15550101001", "on", "--source", "test"]
        default: []
        }
    }

    /// Commands that read no settings, or make all that they need.
    private static let alone: Set<String> = ["demo", "simulate", "import"]

    @Test func `the help of each has an example`() async throws {
        for command in try await HelpDump.read().command.leaves {
            let name = command.words.joined(separator: " ")
            let result = try await Binary.run(command.words + ["--help"])
            #expect(result.code == 0 && result.errors.isEmpty, "\(name)")
            #expect(result.output.contains("Example"), "\(name) has no example")
            #expect(result.output.contains("  twostepd \(name)"), "\(name) has no example of itself")
            let abstracts = (command.arguments ?? []).filter(\.shouldDisplay).map { $0.abstract ?? "" }
            #expect(!abstracts.contains(""), "\(name) has an argument without a word about it")
        }
    }

    @Test func `the examples in the help name only options that there are`() async throws {
        for command in try await HelpDump.read().command.leaves {
            let words = "twostepd " + command.words.joined(separator: " ") + " "
            let known = Set((command.arguments ?? []).flatMap { $0.names ?? [] }.map(\.text))
            for line in (command.discussion ?? "").split(separator: "\n") where line.contains(words) {
                let own = line.split(separator: "|").first { $0.contains(words) } ?? line
                for option in own.split(separator: " ") where option.hasPrefix("--") {
                    #expect(known.contains(String(option.prefix { $0 != "=" })), "\(line)")
                }
            }
        }
    }

    @Test func `an unknown option exits with 64, with nothing on standard output`() async throws {
        for command in try await HelpDump.read().command.leaves {
            let needed = Self.needed(command.words, URL(fileURLWithPath: "/nonexistent"))
            let result = try await Binary.run(command.words + needed + ["--nonsense"])
            #expect(result.code == 64, "\(command.words)")
            #expect(result.output.isEmpty && result.errors.contains("nonsense"), "\(command.words)")
        }
    }

    @Test func `invalid settings exit with 78 and name the place, with nothing on standard output`() async throws {
        let rig = try await Rig(Rig.fleet(1))
        try rig.write("limts: { }\n", to: rig.config)
        for command in try await HelpDump.read().command.leaves {
            let name = command.words.joined(separator: " ")
            guard !Self.alone.contains(name) else { continue }
            let result = try await Binary.run(
                command.words + Self.needed(command.words, rig.folder) + ["--config", rig.config.path])
            #expect(result.code == 78, "\(name): \(result.errors)")
            #expect(result.errors.contains("twostepd.yaml:1:1: error: unknown key 'limts'"), "\(name)")
            #expect(result.output.isEmpty, "\(name): \(result.output)")
        }
        try await rig.end()
    }

    /// Commands that give orders to a daemon.
    private static let orders: Set<String> = [
        "accept", "pause", "resume", "reload", "rotate", "reapply", "reset", "observe",
    ]

    @Test func `without a daemon, orders exit with 69 and say how to start one`() async throws {
        let rig = try await Rig(Rig.fleet(1))
        for command in try await HelpDump.read().command.leaves
        where Self.orders.contains(command.words.joined(separator: " ")) {
            let result = try await Binary.run(
                command.words + Self.needed(command.words, rig.folder) + ["--config", rig.config.path])
            #expect(result.code == 69, "\(command.words): \(result.errors)")
            #expect(result.errors.contains("twostepd run"), "\(command.words): \(result.errors)")
            #expect(result.output.isEmpty, "\(command.words)")
        }
        try await rig.end()
    }

    @Test func `a daemon that takes an order and never answers is not taken for none: it may have carried it out`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(1))
        let listener = try ListeningSocket(at: rig.folder.appendingPathComponent("run/control.sock").path)
        let thread = Thread {
            while let connection = listener.accept() { close(connection) }
            listener.close()
        }
        thread.start()
        for words in [["reload"], ["rotate", "n1"]] {
            let result = try await Binary.run(words + ["--config", rig.config.path])
            #expect(result.code == 1)
            #expect(
                result.errors.contains("has not answered") && result.errors.contains("may have carried out the request")
            )
            #expect(!result.errors.contains("twostepd run"), "\(result.errors)")
        }
        listener.stop()
        try await rig.end()
    }

    @Test func `without a store, what needs one exits with 1 and says so, with nothing on standard output`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(1))
        for words in [
            ["history"], ["status", "n1"], ["pin", "show"], ["pin", "list"], ["backup"], ["audit", "verify"],
            ["audit", "export"], ["key", "id"], ["clock", "accept"],
            ["audit", "prune"], ["audit", "compact"], ["key", "rotate"],
        ] {
            let arguments = words + Self.needed(words, rig.folder) + ["--config", rig.config.path]
            let result = try await Binary.run(arguments)
            #expect(result.code == 1, "\(words): \(result.errors)")
            #expect(result.errors.contains("error: "), "\(words)")
            #expect(result.output.isEmpty, "\(words): \(result.output)")
        }
        try await rig.end()
    }

    @Test func `with --format json, standard output is one JSON object of version 1 and nothing else`() async throws {
        let rig = try await Rig(Rig.fleet(2))
        #expect(try await rig.run("apply").code == 0)
        var seen: Set<String> = []
        for command in try await HelpDump.read().command.leaves
        where (command.arguments ?? []).contains(where: { $0.names?.contains { $0.name == "format" } ?? false }) {
            let name = command.words.joined(separator: " ")
            guard !Self.orders.contains(name) else { continue }
            let json = ["--format", "json", "--config", rig.config.path]
            let arguments = Self.needed(command.words, rig.folder).filter { $0 != "--format" && $0 != "json" }
            let result = try await Binary.run(command.words + arguments + json)
            #expect(result.code == 0, "\(name): \(result.errors)")
            #expect(try result.json()["version"] as? Int == 1, "\(name)")
            seen.insert(name)
        }
        #expect(
            seen.isSuperset(of: ["apply", "audit verify", "check", "history", "pin list", "pin show", "plan", "status"])
        )
        try await rig.end()
    }

    @Test func `orders that a daemon carries out say so on standard error, and print no data`() async throws {
        let rig = try await Rig(Rig.fleet(1))
        let daemon = try await rig.startDaemon()
        for words in [["pause"], ["resume"], ["reload"]] {
            let result = try await Binary.run(words + ["--config", rig.config.path])
            #expect(result.code == 0 && result.output.isEmpty && !result.errors.isEmpty, "\(words): \(result)")
        }
        let copy = try await rig.run("backup", rig.folder.appendingPathComponent("copy").path)
        #expect(copy.code == 0 && copy.output.isEmpty && copy.errors.contains("sealing key is not in it"))
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `--version names the program and its version, and the commit only when there is one`() async throws {
        let result = try await Binary.run(["--version"])
        let shape = #/twostepd \d+\.\d+\.\d+( \([0-9a-f]{7,40}(-dirty)?\))?\n/#
        #expect(result.code == 0 && result.errors.isEmpty)
        #expect(result.output.wholeMatch(of: shape) != nil, "\(result.output)")
    }
}
