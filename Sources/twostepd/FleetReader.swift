import ConfigFile
import Daemon
import Foundation
import Planning
import Storage

/// Reads the store for commands that only read: with or without a running daemon, with or without the key.
struct FleetReader {
    let settings: Settings
    let environment: [String: String]
    let now: Instant

    var location: StoreLocation { StoreLocation(directory: settings.stateDirectory) }
    var policy: Policy { settings.policy() }

    /// Opens the store without its PINs, for commands that make no sense without a store.
    func existing() throws -> StoreReader {
        guard let reader = try open() else {
            guard !ControlClient(settings).isAnswered else {
                throw CommandFailure.failed(
                    "there is no store at \(location.database), and a daemon answers at \(settings.controlSocket): its folder may "
                        + "have been moved or unmounted; see `twostepd doctor`")
            }
            throw StorageError.noStore(path: location.database)
        }
        return reader
    }

    /// Opens the store without its PINs; nil when there is no store yet.
    func open() throws -> StoreReader? {
        do {
            return try StoreReader.open(at: location, key: nil)
        } catch .noStore {
            return nil
        }
    }

    /// Opens the store with its PINs.
    func openWithKey() throws -> StoreReader {
        let secrets = try SecretsOption.read(settings, environment, mayBeForbidden: true)
        guard let (key, _) = try StoreKey.forReading(at: location, secrets: secrets, settings: settings) else {
            throw CommandFailure.configuration(
                "no sealing key: neither the one that the settings name nor \(location.key) can be read")
        }
        return try StoreReader.open(at: location, key: key)
    }

    /// Returns the standing of every number, most urgent first.
    func standings(_ reader: StoreReader, guards: GuardsInForce) throws -> [NumberStatus] {
        try view.standings(reader, guards: guards)
    }

    /// Returns the standing of one number, by number or label; nil when the store does not know it.
    func standing(named name: String, _ reader: StoreReader, guards: GuardsInForce) throws -> NumberStatus? {
        try view.standing(named: name, reader, guards: guards)
    }

    /// Returns the values that `render` makes of every number, most urgent first; uses all processors.
    func survey<Value: Sendable>(
        _ reader: StoreReader, guards: GuardsInForce, _ render: @escaping @Sendable (NumberStatus) -> Value?
    ) throws -> [Value] {
        try view.survey(reader, guards: guards, inParallel: true, render)
    }

    /// Returns the guards that hold numbers back, besides their own records.
    func guards(_ reader: StoreReader) throws -> GuardsInForce {
        let isRunning = try StoreLock.holder(at: location) != nil
        return try GuardsInForce(reader, policy: policy, isRunning: isRunning, at: now)
    }

    /// Returns every record in the order of numbers, with its PINs sealed; uses all processors.
    func records(_ reader: StoreReader) throws -> [NumberRecord] {
        try view.records(reader, inParallel: true)
    }

    /// Returns the number that a number or label names; nil for nil.
    func resolve(_ text: String?, _ reader: StoreReader) throws -> PhoneNumber? {
        guard let text else { return nil }
        if let number = PhoneNumber(text) { return number }
        if let number = try reader.number(named: text) { return number }
        throw CommandFailure.failed(
            "\(text) is neither a number in E.164 form nor a label in the store: see `twostepd status`")
    }

    private var view: FleetView { FleetView(location: location, policy: policy, now: now) }
}
