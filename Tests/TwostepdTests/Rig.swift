import Foundation
import Glibc
import SimulatedVendor

/// A folder with settings, a fleet, and a simulated vendor, for the real binary.
final class Rig: Sendable {
    /// One number of the fleet.
    struct Entry: Sendable {
        var number: String
        var label: String
        var token: String { "secret-token-of-\(label)" }
        var start: VendorState = .off
        var isDisabled = false
        var operatorPIN: String?
        var extra: [String] = []
    }

    let folder: URL
    let vendor: SimulatedVendor
    let entries: [Entry]

    var config: URL { folder.appendingPathComponent("twostepd.yaml") }
    var desiredState: URL { folder.appendingPathComponent("desired-state.yaml") }
    var store: URL { folder.appendingPathComponent("state/twostepd.sqlite") }

    /// Returns `count` numbers; the first and the last begin under a foreign PIN, and `disabled` ones (from the end)
    /// are to be off.
    static func fleet(_ count: Int, disabled: Int = 0) -> [Entry] {
        (1...count).map { index in
            Entry(
                number: "+1555010\(1000 + index)", label: "n\(index)",
                start: index == 1 || index == count ? .on(pin: "60418\(index % 10)") : .off,
                isDisabled: index > count - disabled)
        }
    }

    init(
        _ entries: [Entry], semantics: VendorSemantics = .init(), defaults: [String] = [],
        timing: String = Rig.fastTiming,
        limits: String = Rig.noLimits, seed: UInt64 = 1,
        vendor change: (inout SimulatedVendor.Options) -> Void = { _ in }
    ) async throws {
        self.entries = entries
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("twostepd-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        var options = SimulatedVendor.Options()
        options.tokens = entries.map { SimulatedToken(token: $0.token, state: $0.start) }
        options.semantics = semantics
        options.seed = seed
        options.lateDelay = .milliseconds(300)
        change(&options)
        vendor = try await SimulatedVendor(options)
        let settings = """
            desired_state: desired-state.yaml
            state_directory: state
            runtime_directory: run
            secrets: secrets.yaml
            listen: "off"
            log_level: debug
            limits: \(limits)
            timing: \(timing)

            """
        try write(settings, to: config)
        let tokens = entries.map { "  \($0.label): \($0.token)" }
        let pins = entries.compactMap { entry in entry.operatorPIN.map { "  \(entry.label)-pin: \"\($0)\"" } }
        let secrets = ["tokens:"] + tokens + (pins.isEmpty ? [] : ["pins:"] + pins)
        try write(secrets.joined(separator: "\n") + "\n", to: folder.appendingPathComponent("secrets.yaml"))
        try writeDesiredState(defaults: defaults)
    }

    static let noLimits =
        "{ requests_per_minute: unlimited, writes_per_hour: unlimited, writes_per_hour_exposed: unlimited }"
    static let oneExposed = noLimits.replacing(" }", with: ", max_exposed: 1 }")
    static let fastTiming =
        "{ request_timeout: 1s, settle_delay: 1500ms, backoff_min: 50ms, backoff_max: 500ms, backoff_max_exposed: 200ms }"

    /// Replaces the desired state by an atomic rename, as editors do.
    func writeDesiredState(defaults: [String] = [], _ change: (inout Entry) -> Void = { _ in }) throws {
        var lines =
            ["version: 1", "defaults:", "  endpoint: \(vendor.url)"] + defaults.map { "  \($0)" } + ["numbers:"]
        for var entry in entries {
            change(&entry)
            lines.append("  - number: \"\(entry.number)\"")
            lines.append("    label: \(entry.label)")
            lines.append("    token: \(entry.label)")
            if entry.isDisabled { lines.append("    verification: disabled") }
            if entry.operatorPIN != nil { lines.append("    pin: \(entry.label)-pin") }
            lines += entry.extra.map { "    \($0)" }
        }
        try write(lines.joined(separator: "\n") + "\n", to: desiredState)
    }

    func write(_ text: String, to file: URL) throws {
        try Data(text.utf8).write(to: file, options: .atomic)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
    }

    /// Returns the true state of an entry's number.
    func truth(_ entry: Entry) -> VendorState? { vendor.truth[entry.token] }

    func end() async throws {
        try await vendor.stop()
        try FileManager.default.removeItem(at: folder)
    }
}

extension Rig {
    /// Runs a command on this rig's settings.
    func run(_ arguments: String...) async throws -> Binary.Result {
        try await Binary.run(arguments + ["--config", config.path])
    }

    var log: URL { folder.appendingPathComponent("daemon.log") }
    var logText: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }  // An absent log counts as empty.

    /// Starts the daemon and waits until it is ready.
    ///
    /// A new store adopts the fleet only when an operator accepts that, so this accepts it too.
    func startDaemon(environment: [String: String] = [:], accepts: Bool = true) async throws -> Child {
        let isNew = !FileManager.default.fileExists(atPath: folder.appendingPathComponent("state/twostepd.sqlite").path)
        let before = logText.components(separatedBy: " Ready ").count
        let child = try Child(
            ["run", "--config", config.path], output: folder.appendingPathComponent("daemon.out"), errors: log,
            environment: environment)
        try await wait("the daemon is ready") { self.logText.components(separatedBy: " Ready ").count > before }
        if accepts, isNew, entries.count > 4 {
            let result = try await run("accept", try await digest())
            guard result.code == 0 else { throw TestFailure("the fleet is not accepted: \(result.errors)") }
        }
        return child
    }

    /// Returns the beginning of the SHA-256 of the desired state, as `accept` requires it.
    func digest() async throws -> String { String(try await Shell.run("sha256sum", [desiredState.path]).prefix(12)) }

    /// Stops the daemon cleanly. Returns its exit code.
    func stop(_ child: Child) async -> Int32 {
        child.signal(SIGTERM)
        return await child.exitCode()
    }

    /// Waits for a condition for at most `seconds`, checking it every `interval`.
    func wait(
        _ what: String, seconds: Int = 30, every interval: Duration = .milliseconds(50),
        until condition: () async throws -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        // While other tests hold all threads this one cannot check the condition: then the count of checks decides.
        var looks = 0
        while ContinuousClock.now < deadline || (looks < 100 && ContinuousClock.now < deadline + .seconds(120)) {
            if try await condition() { return }
            looks += 1
            try await Task.sleep(for: interval)
        }
        throw TestFailure("waited \(seconds) s in vain until \(what)\n\(logText.suffix(3000))")
    }

    /// Returns the numbers of `status`, by number.
    func status() async throws -> [String: [String: Any]] {
        let result = try await run("status", "--format", "json")
        guard result.code == 0 else { throw TestFailure("status failed: \(result.errors)") }
        let numbers = try result.json()["numbers"] as? [[String: Any]] ?? []
        return Dictionary(uniqueKeysWithValues: numbers.map { ($0["number"] as? String ?? "", $0) })
    }

    /// Returns true when every number is `converged`.
    func isConverged() async throws -> Bool {
        let numbers = try await status()
        return numbers.count == entries.count && numbers.values.allSatisfy { $0["condition"] as? String == "converged" }
    }

    /// Returns one column or several of the store, a line a row, as `sqlite3` prints them.
    func query(_ sql: String) async throws -> [String] {
        try await Shell.run("sqlite3", [store.path, sql]).split(separator: "\n").map(String.init)
    }

    /// Returns the numbers of `status` in the order in which it shows them.
    func statusRows() async throws -> [[String: Any]] {
        let result = try await run("status", "--format", "json")
        guard result.code == 0 else { throw TestFailure("status failed: \(result.errors)") }
        return try result.json()["numbers"] as? [[String: Any]] ?? []
    }

    /// Returns the PIN that `pin show` prints for a number; nil when it prints none.
    func shownPIN(_ entry: Entry) async throws -> String? {
        let result = try await run("pin", "show", entry.number, "--reason", "test", "--format", "json")
        guard result.code == 0 else { throw TestFailure("pin show failed: \(result.errors)") }
        return try result.json()["pin"] as? String
    }

    /// Compares the truth with the desired state and with the PINs that `pin show` prints; returns the differences.
    func disagreements(desiredOff: (Entry) -> Bool = { $0.isDisabled }) async throws -> [String] {
        var found: [String] = []
        for entry in entries {
            let state = truth(entry)
            if desiredOff(entry) {
                if state != .off { found.append("\(entry.label) should be off, is \(String(describing: state))") }
            } else {
                let pin = try await shownPIN(entry)
                if pin == nil || state?.pin != pin {
                    found.append("\(entry.label) is \(String(describing: state)), shown \(pin ?? "none")")
                }
            }
        }
        return found
    }
}
