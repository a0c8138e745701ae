import ConfigFile
import Daemon
import Foundation
import Planning
import Storage

/// Reads the store for the commands that only look: with or without a running daemon, with or without the key.
struct FleetReader {
    let settings: Settings
    let environment: [String: String]
    let now: Instant

    var location: StoreLocation { StoreLocation(directory: settings.stateDirectory) }
    var policy: Policy { settings.policy() }

    /// The store without its PINs, for what makes no sense without one.
    func existing() throws -> StoreReader {
        guard let reader = try open() else {
            guard !ControlClient(settings).isAnswered else {
                throw Failure.failed(
                    "there is no store at \(location.database), and a daemon answers at \(settings.controlSocket): its folder may "
                        + "have been moved or unmounted; see `twostepd doctor`")
            }
            throw StorageError.noStore(path: location.database)
        }
        return reader
    }

    /// The store without its PINs; nil when there is none yet.
    func open() throws -> StoreReader? {
        do {
            return try StoreReader.open(at: location, key: nil)
        } catch .noStore {
            return nil
        }
    }

    /// The store with its PINs.
    func openWithKey() throws -> StoreReader {
        let secrets = try SecretsOption.read(settings, environment, mayBeForbidden: true)
        guard let (key, _) = try StoreKey.forReading(at: location, secrets: secrets, settings: settings) else {
            throw Failure.configuration(
                "no sealing key: neither the one that the settings name nor \(location.key) can be read")
        }
        return try StoreReader.open(at: location, key: key)
    }

    /// How every number stands, most urgent first.
    func standings(_ reader: StoreReader, guards: GuardsInForce) throws -> [Standing] {
        try view.standings(reader, guards: guards)
    }

    /// How one number stands, by number or label; nil when the store does not know it.
    func standing(named name: String, _ reader: StoreReader, guards: GuardsInForce) throws -> Standing? {
        try view.standing(named: name, reader, guards: guards)
    }

    /// What `render` makes of every number, most urgent first, on all processors.
    func survey<Value: Sendable>(
        _ reader: StoreReader, guards: GuardsInForce, _ render: @escaping @Sendable (Standing) -> Value?
    ) throws -> [Value] {
        try view.survey(reader, guards: guards, inParallel: true, render)
    }

    /// What holds numbers back besides their own records.
    func guards(_ reader: StoreReader) throws -> GuardsInForce {
        let isRunning = try StoreLock.holder(at: location) != nil
        return try GuardsInForce(reader, policy: policy, isRunning: isRunning, at: now)
    }

    /// Every record in the order of numbers, its PINs closed; read on all processors.
    func records(_ reader: StoreReader) throws -> [NumberRecord] {
        try view.records(reader, inParallel: true)
    }

    /// The number that a number or label stands for; nil for nil.
    func resolve(_ text: String?, _ reader: StoreReader) throws -> PhoneNumber? {
        guard let text else { return nil }
        if let number = PhoneNumber(text) { return number }
        if let number = try reader.number(named: text) { return number }
        throw Failure.failed("\(text) is no number in E.164 form and no label in the store: see `twostepd status`")
    }

    private var view: FleetView { FleetView(location: location, policy: policy, now: now) }
}
