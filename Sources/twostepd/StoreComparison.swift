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
    /// What the store knows, and where each number is in it: records are large, and are not hashed about.
    private let known: [NumberRecord]
    private let places: [PhoneNumber: Int]
    /// What holds the fleet back just now.
    let guards: GuardsInForce

    /// What the store holds, which can be read while the file is.
    struct Store: Sendable {
        let reader: StoreReader?
        let records: [NumberRecord]

        init(_ fleet: FleetReader) throws {
            reader = try fleet.open()
            records = try reader.map { try fleet.records($0) } ?? []
        }
    }

    init(of desired: DesiredState, store: Store, fleet: FleetReader, secrets: SecretSources) throws {
        self.desired = desired
        self.fleet = fleet
        self.secrets = secrets
        let (reader, known) = (store.reader, store.records)
        self.known = known
        let places = Dictionary(known.indices.map { (known[$0].number, $0) }, uniquingKeysWith: { first, _ in first })
        self.places = places
        guards = try reader.map { try fleet.guards($0) } ?? GuardsInForce()
        held = WeakeningGuard(maximumPercent: fleet.policy.maxWeakenedPercent)
            .weakening(from: known.compactMap(\.desired), to: desired.numbers)
    }

    /// How the entries differ from those in force, in words.
    var difference: String {
        let inForce = known.count { $0.desired != nil }
        let added = desired.numbers.count { record(of: $0)?.desired == nil }
        let changed = desired.numbers.count { entry in
            record(of: entry)?.desired.map { $0 != marked(entry) } ?? false
        }
        let dropped = inForce - (desired.numbers.count - added)
        return "\(added) added, \(changed) changed, \(dropped) dropped, "
            + "\(desired.numbers.count - added - changed) unchanged"
    }

    /// What `render` makes of how every number would stand if the state were in force, in the order of numbers.
    func survey<Value: Sendable>(_ render: @Sendable (Standing) -> Value) throws -> [Value] {
        try desired.numbers.sorted { $0.number < $1.number }.mapInParallel { entry in
            let entry = marked(entry)
            var record = (record(of: entry) ?? NumberRecord(number: entry.number)).taking(entry)
            var operatorPIN: PIN?
            if let name = entry.operatorPINName {
                operatorPIN = try? secrets.pin(named: name)  // `check` has said it; the plan shows it as held.
                if operatorPIN != nil, !record.generations.isEmpty {
                    record = try fleet.openWithKey().record(entry.number, at: fleet.now)?.taking(entry) ?? record
                }
            }
            return render(
                Standing(
                    record, operatorPIN: operatorPIN, policy: fleet.policy, now: fleet.now, guards: guards.forPlanning))
        }
    }

    private func record(of entry: DesiredNumber) -> NumberRecord? { places[entry.number].map { known[$0] } }

    /// The entry with the mark of its token; the known one when the token cannot be read, of which the reader of the file
    /// has told.
    private func marked(_ entry: DesiredNumber) -> DesiredNumber {
        guard entry.tokenMark == nil else { return entry }
        var entry = entry
        entry.tokenMark = record(of: entry)?.desired?.tokenMark
        return entry
    }
}
