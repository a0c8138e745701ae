import Foundation

/// One of several instances that share a rig's vendor and desired state: settings, secrets and a store of its own.
struct Instance: Sendable {
    let rig: Rig
    let name: String

    var config: URL { rig.folder.appendingPathComponent("\(name).yaml") }
    var log: URL { rig.folder.appendingPathComponent("\(name).log") }
    var logText: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }  // No log yet is an empty one.

    /// - Parameters:
    ///   - shard: what the settings say; nil for nothing.
    ///   - desiredState: another file than the rig's.
    ///   - tokens: the labels of the numbers whose tokens this instance has; nil for all.
    init(
        _ rig: Rig, _ name: String, shard: String?, desiredState: String = "desired-state.yaml", tokens: [String]? = nil
    ) throws {
        self.rig = rig
        self.name = name
        try set(shard: shard, desiredState: desiredState)
        let known = rig.entries.filter { tokens?.contains($0.label) ?? true }
        let secrets = ["tokens:"] + known.map { "  \($0.label): \($0.token)" }
        try rig.write(
            secrets.joined(separator: "\n") + "\n", to: rig.folder.appendingPathComponent("secrets-\(name).yaml"))
    }

    /// Writes the settings anew, with another shard.
    func set(shard: String?, desiredState: String = "desired-state.yaml") throws {
        let settings = """
            desired_state: \(desiredState)
            state_directory: state-\(name)
            runtime_directory: run-\(name)
            secrets: secrets-\(name).yaml
            listen: "off"
            log_level: debug
            limits: \(Rig.noLimits)
            timing: \(Rig.fastTiming)

            """
        try rig.write(settings + (shard.map { "shard: \($0)\n" } ?? ""), to: config)
    }

    func run(_ arguments: String..., environment: [String: String] = [:]) async throws -> Binary.Result {
        try await Binary.run(arguments + ["--config", config.path], environment: environment)
    }

    /// What became of each desired state, in their order.
    func revisions() async throws -> [String] {
        let store = rig.folder.appendingPathComponent("state-\(name)/twostepd.sqlite").path
        return try await Shell.run("sqlite3", [store, "SELECT state FROM desired_states ORDER BY revision"])
            .split(separator: "\n").map(String.init)
    }

    /// The numbers of `status` that are managed, by number.
    func managed() async throws -> [String: [String: Any]] {
        let numbers = try await run("status", "--format", "json").json()["numbers"] as? [[String: Any]] ?? []
        let managed = numbers.filter { !($0["desired"] is NSNull) }
        return Dictionary(uniqueKeysWithValues: managed.map { ($0["number"] as? String ?? "", $0) })
    }

    /// The PIN that `pin show` gives, and whether it is certain.
    func shownPIN(_ number: String) async throws -> (pin: String?, isCertain: Bool) {
        let result = try await run("pin", "show", number, "--reason", "test", "--format", "json")
        guard result.code == 0 else { throw TestFailure("pin show failed: \(result.errors)") }
        let json = try result.json()
        return (json["pin"] as? String, json["certain"] as? Bool ?? false)
    }

    func startDaemon() async throws -> Child {
        let before = logText.components(separatedBy: " Ready ").count
        let child = try Child(
            ["run", "--config", config.path], output: rig.folder.appendingPathComponent("\(name).out"), errors: log)
        try await rig.wait("the daemon of \(name) is ready") {
            logText.components(separatedBy: " Ready ").count > before
        }
        return child
    }
}

extension Rig {
    /// The beginning of the SHA-256 of the desired state, as `accept` takes it.
    func revision() async throws -> String {
        String(try await Shell.run("sha256sum", [desiredState.path]).prefix(12))
    }
}
