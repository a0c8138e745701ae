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

    /// The store without its PINs; nil when there is none yet.
    func open() throws -> StoreReader? {
        do {
            return try StoreReader.open(at: location, key: nil)
        } catch .noStore {
            return nil
        } catch {
            throw Failure(error)
        }
    }

    /// The store with its PINs.
    func openWithKey() throws -> StoreReader {
        let secrets = try SecretsOption.read(settings, environment)
        do {
            guard let (key, _) = try StoreKey.forReading(at: location, secrets: secrets, settings: settings) else {
                throw Failure.configuration(
                    "no sealing key: neither the one that the settings name nor \(location.key) can be read")
            }
            return try StoreReader.open(at: location, key: key)
        } catch let error as StorageError {
            throw Failure(error)
        }
    }

    /// How every number stands, most urgent first.
    func standings(_ reader: StoreReader, guards: GuardsInForce) throws -> [Standing] {
        try records(reader).map { record in
            Standing(record, operatorPIN: Self.placeholder, policy: policy, now: now, guards: guards)
        }.sorted { ($0.rank, $0.record.number) < ($1.rank, $1.record.number) }
    }

    /// What holds numbers back besides their own records.
    func guards(_ reader: StoreReader) throws -> GuardsInForce {
        do {
            let isRunning = try StoreLock.holder(at: location) != nil
            return try GuardsInForce(reader, policy: policy, isRunning: isRunning)
        } catch {
            throw Failure(error)
        }
    }

    /// Every record, its PINs replaced by a placeholder: nothing that only looks needs them.
    func records(_ reader: StoreReader) throws -> [NumberRecord] {
        var records: [NumberRecord] = []
        var after: PhoneNumber?
        do {
            repeat {
                let page = try reader.statusRows(after: after, limit: StoreReader.pageLimit, at: now)
                records += page.rows.map { $0.record(withPlaceholder: Self.placeholder) }
                after = page.next
            } while after != nil
        } catch {
            throw Failure(error)
        }
        return records
    }

    /// Stands in for every PIN where none is needed; a status then takes the operator's PINs for unchanged.
    static let placeholder: PIN = {
        guard let pin = PIN(digits: "000000") else { preconditionFailure("six digits are a PIN") }
        return pin
    }()
}
