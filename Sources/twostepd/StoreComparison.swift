import ConfigFile
import Daemon
import Planning
import Storage

/// A desired state that may not be in force yet, against what the store holds.
struct StoreComparison {
    let desired: DesiredState
    /// Why it would be held; nil when it would be taken into force.
    let held: Weakening?
    private let fleet: FleetReader
    private let secrets: SecretSources
    private let records: [PhoneNumber: NumberRecord]
    /// What holds the fleet back just now.
    let guards: GuardsInForce
    private let marker: TokenMarker?

    /// What the store holds, which can be read while the file is.
    struct Store: Sendable {
        let reader: StoreReader?
        let records: [NumberRecord]

        init(_ fleet: FleetReader) throws {
            reader = try fleet.open()
            records = try reader.map { try fleet.survey($0, guards: GuardsInForce()) { $0.record } } ?? []
        }
    }

    init(of desired: DesiredState, store: Store, fleet: FleetReader, secrets: SecretSources) throws {
        self.desired = desired
        self.fleet = fleet
        self.secrets = secrets
        let (reader, known) = (store.reader, store.records)
        records = Dictionary(known.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
        guards = try reader.map { try fleet.guards($0) } ?? GuardsInForce()
        do { marker = try reader?.tokenMarker() } catch { throw Failure(error) }
        held = WeakeningGuard(maximumPercent: fleet.policy.maxWeakenedPercent)
            .weakening(
                from: known.compactMap(\.desired), to: desired.numbers,
                shardChange: try Self.shardChange(to: desired, from: reader, records))
    }

    /// As the store sees it when it takes the state; nil while the part of the fleet stays as it was.
    private static func shardChange(
        to desired: DesiredState, from reader: StoreReader?, _ records: [PhoneNumber: NumberRecord]
    ) throws -> ShardChange? {
        let inForce: Shard?
        do { inForce = try reader?.shardInForce() } catch { throw Failure(error) }
        guard desired.shard != inForce ?? .whole else { return nil }
        let unknown = desired.numbers.count { entry in
            records[entry.number].map { $0.handedOverAt != nil } ?? true
        }
        return ShardChange(from: inForce, to: desired.shard, unknown: unknown)
    }

    /// How the entries differ from those in force, in words.
    var difference: String {
        let inForce = records.values.count { $0.desired != nil }
        let added = desired.numbers.count { records[$0.number]?.desired == nil }
        let changed = desired.numbers.count { entry in
            records[entry.number]?.desired.map { $0 != marked(entry) } ?? false
        }
        let dropped = inForce - (desired.numbers.count - added)
        return "\(added) added, \(changed) changed, \(dropped) dropped, "
            + "\(desired.numbers.count - added - changed) unchanged"
    }

    /// How every number would stand if the state were in force.
    func standings() throws -> [Standing] {
        try desired.numbers.mapInParallel { entry in
            let entry = marked(entry)
            var record = (records[entry.number] ?? NumberRecord(number: entry.number)).taking(entry)
            var operatorPIN: PIN?
            if let name = entry.operatorPINName {
                operatorPIN = try? secrets.pin(named: name)  // `check` has said it; the plan shows it as held.
                if operatorPIN != nil, !record.generations.isEmpty {
                    record = try fleet.openWithKey().record(entry.number, at: fleet.now)?.taking(entry) ?? record
                }
            }
            return Standing(
                record, operatorPIN: operatorPIN, policy: fleet.policy, now: fleet.now, guards: guards.forPlanning)
        }.sorted { $0.record.number < $1.record.number }
    }

    /// The entry with the mark of its token, as the daemon would see it; the known one when the token cannot be read.
    private func marked(_ entry: DesiredNumber) -> DesiredNumber {
        var entry = entry
        // A token that cannot be read has been told of by the reader of the file.
        let token = try? secrets.token(named: entry.tokenName)
        entry.tokenMark =
            token.flatMap { token in marker?.mark(of: token) } ?? records[entry.number]?.desired?.tokenMark
        return entry
    }
}
