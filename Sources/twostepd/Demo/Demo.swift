import ArgumentParser
import ConfigFile
import Daemon
import Files
import Foundation
import Glibc
import Planning
import SimulatedVendor
import Storage

/// The demonstration: a year of a fleet, in half a minute.
final class Demo {
    private let keep: Bool
    private let fleet = DemoFleet()
    private let folder: URL
    private let vendor: SimulatedVendor
    private let begun = ContinuousClock.now
    private var daemon: ProgramChild?

    private var config: URL { folder.appendingPathComponent("twostepd.yaml") }
    private var desiredState: URL { folder.appendingPathComponent("desired-state.yaml") }
    private var log: URL { folder.appendingPathComponent("daemon.log") }

    init(keep: Bool) async throws {
        self.keep = keep
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "twostepd-demo-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        var options = SimulatedVendor.Options()
        options.tokens = fleet.tokens
        options.numbers = fleet.numbers
        options.semantics = VendorSemantics(enableWhenOn: .ignore, disableWhenOff: .accept)
        vendor = try await SimulatedVendor(options)
    }

    /// Runs the demonstration. Returns true when the vendors' truth agrees with the store for every number.
    func run() async throws -> Bool {
        try writeFiles()
        say("two simulated vendors listen: Picky Assist at \(vendor.url), WhatsApp at \(vendor.whatsappURL)")
        say(
            "Picky Assist accepts an enable of an enabled number and ignores its PIN: the worst case its documentation allows; WhatsApp replaces the PIN, and never disables"
        )
        daemon = try ProgramChild(["run", "--config", config.path], log: log)
        say(
            "the daemon (pid \(daemon?.pid ?? 0)) takes over 12 numbers: 10 of Picky Assist and 2 of WhatsApp under one token; 2 are to be disabled, 1 has the operator's PIN, 2 have an unknown PIN"
        )
        try await acceptNewStore()
        try await converge("all 12 are as desired")
        say("PINs rotate every 4 s")
        try await rotations(12, within: 20)
        say("both vendors go down for 4 s: connections are refused")
        vendor.outage(for: .seconds(4))
        try await Task.sleep(for: .seconds(4))
        say("the vendors are back; some answers get lost from now on, and some requests land late")
        vendor.setFaults([.closeAfter: 0.1, .landLate: 0.05, .closeBefore: 0.05])
        try await rotations(6, within: 20)
        let caught = try await killInRotation()
        say("the daemon is killed with SIGKILL\(caught ? ", with a number between disable and enable" : "")")
        vendor.setFaults([:])
        daemon = try ProgramChild(["run", "--config", config.path], log: log)
        say("a new daemon (pid \(daemon?.pid ?? 0)) goes on from the store")
        try await rotations(4, within: 20)
        try write(fleet.desiredState(of: vendor, rotateEvery: "never"), to: desiredState)
        say("the file says rotate_every: never now; the daemon notices the change by itself")
        try await adopted(revision: 3)
        try await converge("all 12 are as desired, and certain")
        try await disabledByStranger()
        try await changedByStranger()
        let code = daemon?.stop() ?? 1
        say("SIGTERM: the daemon stops cleanly, exit code \(code)")
        return try compare() && code == 0
    }

    /// Accepts the held file. A new store adopts no fleet by itself: it may be an empty folder where the store's volume
    /// should be mounted.
    private func acceptNewStore() async throws {
        var held: DesiredStateStatus.Held?
        try await wait(seconds: 10, for: "the file, which is held") { _ in
            guard let store = try reader.open() else { return false }
            defer { try? store.close() }  // Only read: there is nothing to lose.
            held = try store.desiredStateStatus().held
            return held != nil
        }
        let revision = String(held?.sha256.prefix(12) ?? "")
        say(
            "it holds them, and sends nothing: the store is new, and might be the wrong one. twostepd accept \(revision)"
        )
        let code = try ProgramChild(["accept", revision, "--config", config.path], log: log).wait()
        guard code == 0 else { throw CommandFailure.failed("twostepd accept ended with exit code \(code)") }
    }

    /// Has a stranger disable a number: its observer shows that.
    private func disabledByStranger() async throws {
        let entry = fleet.disabledByStranger
        say("another person disables \(entry.label) in WhatsApp Manager, unannounced")
        try vendor.stranger(sets: entry.key, to: .off)
        try await repaired(entry, drift: .turnedOff)
        say("its observer saw that it is off (every 2 s it is asked): it is enabled again, with a new PIN")
    }

    /// Has a stranger change a PIN: no API shows that, but WhatsApp's webhook reports it.
    private func changedByStranger() async throws {
        let entry = fleet.changedByStranger
        say(
            "another person sets another PIN of \(entry.label) there; WhatsApp's webhook reports it to \"twostepd observe\""
        )
        try vendor.stranger(sets: entry.key, to: .on(pin: "330917"))
        let body = """
            {"object": "whatsapp_business_account", "entry": [{"id": "1", "time": 1, "changes": [{"field": "security",
            "value": {"display_phone_number": "\(entry.number)", "event": "PIN_CHANGED", "requester": "42"}}]}]}
            """
        let file = folder.appendingPathComponent("webhook.json")
        try write(body, to: file)
        let arguments = ["observe", "--from", "meta-security", "--config", config.path]
        let code = try ProgramChild(arguments, input: file, log: log).wait()
        guard code == 0 else { throw CommandFailure.failed("twostepd observe ended with exit code \(code)") }
        try await repaired(entry, drift: .pinChanged)
        say("its PIN is ours again")
    }

    /// Waits until a stranger's change was found and corrected: the number is certainly as desired, at its vendor as
    /// well.
    private func repaired(_ entry: DemoFleet.Entry, drift: Drift.Kind) async throws {
        try await wait(seconds: 20, for: "\(entry.label), which a stranger changed") { records in
            guard let number = PhoneNumber(entry.number), let record = records.first(where: { $0.number == number }),
                record.isAsDesired, let store = try reader.open()
            else { return false }
            defer { try? store.close() }  // Only read: there is nothing to lose.
            var filter = HistoryFilter(number: number)
            filter.kinds = [.drift]
            let events = try store.events(matching: filter, limit: 10).map(\.entry.detail)
            guard events.contains(where: { $0.hasPrefix(drift.sentence) }) else { return false }
            let whole = try reader.openWithKey().record(number, at: reader.now)
            return whole.map { agrees($0, vendor.truth[entry.key]) } ?? false
        }
    }

    /// Returns true when the vendor has the PIN that the store believes to be live, or none when it should have none.
    private func agrees(_ record: NumberRecord, _ truth: VendorState?) -> Bool {
        let pin = record.likeliestGeneration.flatMap { record.generation($0)?.pin?.reveal() }
        return record.isAsDesired && truth != nil && pin == truth?.pin
    }

    /// Stops the running processes, and removes the folder unless it is to be kept, or is needed to find the cause of a
    /// failure.
    func end(failed: Bool = false) async {
        let keep = keep || failed
        _ = daemon?.stop()
        do {
            try await vendor.stop()
            if !keep { try FileManager.default.removeItem(at: folder) }
        } catch {
            Console.error("the demonstration could not be tidied up: \(error)")
        }
        guard keep else { return }
        Console.print(
            """

            The folder is kept: \(folder.path)
              export TWOSTEPD_CONFIG=\(config.path)
              twostepd status
              twostepd status support
              twostepd history sales
              twostepd pin show billing --reason "looking around"
              less \(log.path)
            """)
    }

    private func writeFiles() throws {
        try write(DemoFleet.settings, to: config)
        try write(fleet.secrets, to: folder.appendingPathComponent("secrets.yaml"))
        try write(fleet.desiredState(of: vendor, rotateEvery: "4s"), to: desiredState)
    }

    private func write(_ text: String, to file: URL) throws {
        try AtomicFile.write(Array(text.utf8), to: file.path, WritePolicy(existing: .isReplaced))
    }

    private func say(_ text: String) {
        let seconds = begun.duration(to: .now).components.seconds
        let head = (seconds < 10 ? " " : "") + "\(seconds) s  "
        let width = Console.isTerminal(1) ? max(20, Console.width(1) - head.count) : Int.max
        let indent = String(repeating: " ", count: head.count)
        for (index, line) in text.wrapped(to: width).enumerated() { Console.print((index == 0 ? head : indent) + line) }
    }
}

// MARK: - Looking

extension Demo {
    private var reader: FleetReader {
        get throws {
            guard let settings = SettingsReader.read(path: config.path).value else {
                throw CommandFailure.failed("the demonstration's own settings are not valid")
            }
            return FleetReader(settings: settings, environment: [:], now: SystemClock().now())
        }
    }

    private func records() throws -> [NumberRecord] {
        let fleet = try reader
        do {
            guard let store = try fleet.open() else { return [] }
            defer { try? store.close() }  // Only read: there is nothing to lose.
            return try fleet.records(store)
        } catch is StorageError {
            // The store is being created or written at this moment: the next try finds it.
            return []
        }
    }

    /// Waits until every number is certainly as desired.
    private func converge(_ done: String) async throws {
        try await wait(seconds: 30, for: done) { records in
            records.count == self.fleet.entries.count && records.allSatisfy { $0.isAsDesired && $0.cycle == nil }
        }
        say(done)
    }

    /// Waits until a revision of the desired state is in force.
    private func adopted(revision: Int) async throws {
        try await wait(seconds: 10, for: "revision \(revision)") { _ in
            guard let store = try reader.open() else { return false }
            return try store.desiredStateStatus().revision == revision
        }
    }

    /// Waits until `count` more PINs were changed.
    private func rotations(_ count: Int, within seconds: Int) async throws {
        // Generations count from 1, and each is a PIN that was made.
        let sum: ([NumberRecord]) -> Int = { $0.reduce(0) { $0 + ($1.generations.last?.generation ?? 0) } }
        let before = sum(try records())
        try await wait(seconds: seconds, for: count.counted("rotation")) { sum($0) >= before + count }
        say("\((sum(try records()) - before).counted("PIN was", "PINs were")) rotated")
    }

    /// Kills the daemon while a number is between disable and enable. Returns false when none was for a while.
    private func killInRotation() async throws -> Bool {
        for _ in 0..<400 {
            if try records().contains(where: { $0.isExposed }) {
                daemon?.kill()
                return try records().contains { $0.isExposed }
            }
            try await Task.sleep(for: .milliseconds(5))
        }
        daemon?.kill()
        return false
    }

    private func wait(
        seconds: Int, for what: String, until condition: ([NumberRecord]) throws -> Bool
    ) async throws {
        for _ in 0..<(seconds * 20) {
            if try condition(try records()) { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw CommandFailure.failed(
            "the demonstration timed out after \(seconds) s, waiting for \(what): see \(log.path)")
    }

    /// Compares the truth of both vendors with the store, number by number.
    private func compare() throws -> Bool {
        let fleet = try reader
        let store = try fleet.openWithKey()
        let truth = vendor.truth
        var agreed = 0
        var table = TextTable(["NUMBER", "LABEL", "VENDOR", "DESIRED", "TRUTH", "STORE", "PIN", "AGREES"])
        for entry in self.fleet.entries {
            guard let number = PhoneNumber(entry.number), let record = try store.record(number, at: fleet.now),
                let state = truth[entry.key]
            else { throw CommandFailure.failed("\(entry.number) is not in the store") }
            let agrees = agrees(record, state)
            agreed += agrees ? 1 : 0
            table.add([
                entry.number, entry.label, entry.vendor, entry.isDisabled ? "disabled" : "enabled",
                state == .off ? "off" : "on",
                record.belief.elements.joined(separator: ","), record.likeliestGeneration.map { "gen \($0)" } ?? "-",
                agrees ? "yes" : "NO",
            ])
        }
        Console.print("")
        table.lines(width: 0).forEach { Console.print($0) }
        let counters = vendor.counters
        Console.print(
            "\n\(counters.requests.counted("request")), \(counters.faults) of them met a fault, \(counters.landedLate) landed late\n"
        )
        Console.print("the vendor's truth agrees with the store: \(agreed) of \(self.fleet.entries.count)")
        return agreed == self.fleet.entries.count
    }
}

/// A command of this program as a child process, so that it can be killed.
final class ProgramChild {
    private let process = Process()

    var pid: Int32 { process.processIdentifier }

    /// Starts a command with the given standard input; its output is appended to `log`.
    init(_ arguments: [String], input: URL? = nil, log: URL) throws {
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = arguments
        var environment = ProcessInfo.processInfo.environment
        for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "CREDENTIALS_DIRECTORY", "JOURNAL_STREAM"] {
            environment[name] = nil
        }
        process.environment = environment
        if !FileManager.default.fileExists(atPath: log.path) {
            try Data().write(to: log)
        }
        let handle = try FileHandle(forWritingTo: log)
        try handle.seekToEnd()
        process.standardError = handle
        process.standardOutput = handle
        if let input { process.standardInput = try FileHandle(forReadingFrom: input) }
        try process.run()
    }

    /// Ends the process without warning, as a power cut would.
    func kill() {
        Glibc.kill(pid, SIGKILL)
        process.waitUntilExit()
    }

    /// Waits for the end of the process. Returns its exit code.
    func wait() -> Int32 {
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Stops the process cleanly. Returns its exit code.
    func stop() -> Int32 {
        guard process.isRunning else { return process.terminationStatus }
        process.terminate()
        return wait()
    }
}

/// `twostepd demo`.
struct DemoCommand: AsyncParsableCommand, WatchesSignals {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Show everything in about 30 s: two simulated vendors, 12 numbers, an outage, a kill, strangers.",
        discussion: """
            Nothing else is needed and nothing leaves this machine. Exit 0 when the truth agrees with the store.

            Examples:
              twostepd demo
              twostepd demo --keep
            """
    )

    @Flag(name: .long, help: "Keep the folder, to inspect it with the other commands.")
    var keep = false

    func run() async throws {
        let work = Task { [keep] in
            let demo = try await Demo(keep: keep)
            let agreed: Bool
            do {
                agreed = try await demo.run()
            } catch is CancellationError {
                await demo.end()
                throw CommandFailure.failed("the demonstration was stopped before its end")
            } catch {
                await demo.end(failed: true)
                throw error
            }
            await demo.end()
            return agreed
        }
        let signals = SignalWatcher { _ in work.cancel() }
        let agreed = try await work.value
        withExtendedLifetime(signals) {}
        if !agreed { throw ExitCode(1) }
    }
}
