import Foundation
import Glibc
import Logging
import Planning
import SimulatedVendor
import Storage
import Testing

@testable import ConfigFile
@testable import Daemon

@Suite("The log", .inTurn)
struct LogTests {
    @Test func `as JSON, each line is one object with time, level, message and each fact by its name`() async throws {
        let rig = try await Rig(Rig.fleet(1))
        let settings = try String(contentsOf: rig.config, encoding: .utf8)
        try rig.write(settings + "log_format: json\n", to: rig.config)
        let daemon = try Child(
            ["run", "--config", rig.config.path], output: rig.folder.appendingPathComponent("out"), errors: rig.log)
        try await rig.wait("it is ready") { rig.logText.contains("\"message\":\"Ready\"") }
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        #expect(await rig.stop(daemon) == 0)
        let objects = try rig.logText.split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String], "\(line)")
        }
        #expect(objects.allSatisfy { $0["at"] != nil && $0["level"] != nil && $0["message"] != nil })
        let accepted = try #require(objects.first { $0["message"] == "Request accepted" })
        #expect(accepted["number"] == rig.entries[0].number && accepted["change"] == "1" && accepted["level"] == "info")
        #expect(objects.contains { $0["message"] == "Stopped" })
        try await rig.end()
    }

    @Test func `the journal gets a field for each fact, and the whole line for people`() async throws {
        let rig = try await Rig(Rig.fleet(1))
        let socket = try NotifySocket(path: rig.folder.appendingPathComponent("journal").path)
        let journal = try #require(JournalSocket(path: socket.path))
        let logger = Logger(label: "test") { _ in
            LogOutput(level: .info, forJournal: true, journal: journal, now: { .distantPast })
        }
        logger.debug("Not this")
        logger.error("Request failed", metadata: ["number": "+15550101001", "error": "line one\nPRIORITY=0"])
        #expect(
            socket.received == [
                """
                MESSAGE=Request failed error="line one PRIORITY=0" number=+15550101001
                PRIORITY=3
                SYSLOG_IDENTIFIER=twostepd
                TWOSTEPD_ERROR=line one PRIORITY=0
                TWOSTEPD_NUMBER=+15550101001

                """
            ])
        try await rig.end()
    }

    @Test func `a journal that comes later, or is made again, gets the lines from then on`() async throws {
        let rig = try await Rig(Rig.fleet(1))
        let path = rig.folder.appendingPathComponent("journal").path
        let journal = try #require(JournalSocket(path: path))
        func send(_ text: String) -> JournalSocket.Reception {
            journal.send(text, priority: 6, fields: [], patience: 0)
        }
        #expect(send("nobody takes it") == .refused)
        for name in ["first", "second"] {
            let socket = try NotifySocket(path: path)
            #expect(send(name) == .accepted)
            #expect(socket.received.map { $0.prefix { $0 != "\n" } } == ["MESSAGE=\(name)"])
            unlink(path)
        }
        #expect(send("nobody takes it") == .refused)
        try await rig.end()
    }

    @Test
    func
        `a journal that takes nothing holds nobody up; once it does again, it gets the number of lines that were lost`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(1))
        let socket = try NotifySocket(path: rig.folder.appendingPathComponent("journal").path)
        let journal = try #require(JournalSocket(path: socket.path))
        let logger = Logger(label: "test") { _ in
            LogOutput(level: .info, forJournal: true, journal: journal, now: { .distantPast })
        }
        let count = 3000
        for index in 1...count { logger.info("Line", metadata: ["index": "\(index)"]) }
        let taken = socket.received.count
        #expect(0 < taken && taken < count, "\(taken)")
        logger.info("Line", metadata: ["index": "last"])
        let rest = socket.received.dropFirst(taken).map { $0.prefix { $0 != "\n" } }
        #expect(
            rest == [
                "MESSAGE=Line index=last",
                "MESSAGE=Log lines were dropped, the output was blocked count=\(count - taken)",
            ])
        try await rig.end()
    }

    @Test func `a daemon whose standard error nobody reads works on`() async throws {
        let rig = try await Rig(Rig.fleet(8))
        let pipe = Pipe()
        let descriptor = pipe.fileHandleForWriting.fileDescriptor
        #expect(fcntl(descriptor, 1031, 4096) == 4096, "F_SETPIPE_SZ")
        let out = try Child.open(rig.folder.appendingPathComponent("out"))
        defer { close(out) }
        let daemon = try Child(
            program: Binary.url.path, ["run", "--config", rig.config.path],
            environment: ProcessInfo.processInfo.environment, output: out, errors: descriptor)
        let digest = try await rig.digest()
        try await rig.wait("the fleet is accepted") { try await rig.run("accept", digest).code == 0 }
        try await rig.wait("the fleet is as desired") {
            let result = try await rig.run("status", "--format", "json")
            return result.code == 0 && result.output.matches(of: /"condition" *: *"converged"/).count == 8
        }
        #expect(await rig.stop(daemon) == 0)
        #expect(try await rig.query("SELECT kind FROM events ORDER BY id DESC LIMIT 1") == ["stopped"])
        try pipe.fileHandleForWriting.close()
        let lines = String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        #expect(lines.utf8.count <= 4096 && lines.hasSuffix("\n"), "what was taken are whole lines")
        try await rig.end()
    }

    @Test func `the day's line says how the fleet stands and what was sent`() async throws {
        let rig = try await Rig(Rig.fleet(3, disabled: 1), defaults: ["rotate_every: 23h"])
        #expect(try await rig.run("apply").code == 0)
        let location = StoreLocation(directory: rig.store.deletingLastPathComponent().path)
        let reader = try StoreReader.open(at: location, key: nil)
        let policy = Settings().policy()
        let view = FleetView(location: location, policy: policy, now: SystemClock().now())
        let summary = try DaySummary(
            reader, view: view, guards: GuardsInForce(reader, policy: policy, isRunning: false, at: view.now))
        #expect(summary.standings == [.converged: 3])
        #expect(summary.accepted == rig.vendor.counters.requests && summary.others == 0 && summary.accepted > 0)
        #expect(summary.rotationsAhead == 2)
        #expect(summary.metadata["converged"] == "3" && summary.metadata["rotations_next_24h"] == "2")
        let later = FleetView(
            location: location, policy: policy, now: view.now.advanced(by: .seconds(90_000)))
        #expect(
            try DaySummary(
                reader, view: later, guards: GuardsInForce(reader, policy: policy, isRunning: false, at: view.now)
            )
            .accepted
                == 0)
        try reader.close()
        try await rig.end()
    }
}
