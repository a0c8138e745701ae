import ConfigFile
import Daemon
import Planning
import Storage

/// A comparison of a desired state, which may not be in force yet, with the store.
struct StoreComparison {
    let desired: DesiredState
    /// The difference between its entries and those in force.
    private let change: DesiredStateDifference
    /// The reason why it would be held; nil when it would be adopted.
    let held: HeldReason?
    private let fleet: FleetReader
    private let secrets: SecretSources
    /// The records of the store, and the place of each number among them: records are large, and are not moved into a
    /// dictionary.
    private let known: [NumberRecord]
    private let places: [PhoneNumber: Int]
    /// The guards that hold the fleet back at present.
    let guards: GuardsInForce

    /// The content of the store, which can be read at the same time as the file.
    struct Store: Sendable {
        let reader: StoreReader?
        let records: [NumberRecord]

        init(_ fleet: FleetReader) throws {
            reader = try fleet.open()
            records = try reader.map { try fleet.records($0) } ?? []
        }
    }

    init(of desired: DesiredState, store: Store, fleet: FleetReader, secrets: SecretSources) throws {
        self.fleet = fleet
        self.secrets = secrets
        let (reader, known) = (store.reader, store.records)
        self.known = known
        let places = Dictionary(known.indices.map { (known[$0].number, $0) }, uniquingKeysWith: { first, _ in first })
        self.places = places
        guards = try reader.map { try fleet.guards($0) } ?? GuardsInForce()
        var desired = desired
        for index in desired.numbers.indices {
            desired.numbers[index].inheritMarks(of: places[desired.numbers[index].number].flatMap { known[$0].desired })
        }
        self.desired = desired
        change = DesiredStateDifference(from: known.compactMap(\.desired), to: desired.numbers)
        held = DesiredStateGuard(maximumPercent: fleet.policy.maxWeakenedPercent)
            .reason(toHold: change, isNewStore: known.isEmpty)
    }

    /// The difference between the entries and those in force, in words.
    var difference: String {
        "\(change.added.count) added, \(change.changed.count) changed, \(change.removed.count) dropped, "
            + "\(change.unchanged) unchanged"
    }

    /// Returns the values that `render` makes of every number's standing as if the state were in force, in the order of
    /// numbers.
    func survey<Value: Sendable>(_ render: @Sendable (NumberStatus) -> Value) throws -> [Value] {
        try desired.numbers.sorted { $0.number < $1.number }.mapInParallel { entry in
            var record = record(of: entry).map { $0.adopting(entry, at: fleet.now) } ?? .new(entry, at: fleet.now)
            var operatorPIN: PIN?
            if let name = entry.operatorPINName {
                operatorPIN = try? secrets.pin(named: name)  // `check` reports it; the plan shows it as held.
                if operatorPIN != nil, !record.generations.isEmpty {
                    let opened = try fleet.openWithKey().record(entry.number, at: fleet.now)
                    record = opened?.adopting(entry, at: fleet.now) ?? record
                }
            }
            return render(
                NumberStatus(
                    record, operatorPIN: operatorPIN, policy: fleet.policy, now: fleet.now, guards: guards.forPlanning))
        }
    }

    private func record(of entry: DesiredNumber) -> NumberRecord? { places[entry.number].map { known[$0] } }
}

extension DesiredNumber {
    /// Adopts the marks of the entry in force where this one has none: that of a token that cannot be read, which the
    /// reader of the file has reported, and that of an operator-owned PIN, which only the store makes.
    fileprivate mutating func inheritMarks(of inForce: DesiredNumber?) {
        guard let inForce else { return }
        tokenMark = tokenMark ?? inForce.tokenMark
        if operatorPINName == inForce.operatorPINName { operatorPINMark = inForce.operatorPINMark }
    }
}
