import ConfigFile
import Daemon
import Planning
import Storage

/// A desired state that may not be in force yet, against what the store holds.
struct StoreComparison {
    let desired: DesiredState
    /// How its entries differ from those in force.
    private let change: DesiredStateDifference
    /// Why it would be held; nil when it would be adopted.
    let held: HeldReason?
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
        self.fleet = fleet
        self.secrets = secrets
        let (reader, known) = (store.reader, store.records)
        self.known = known
        let places = Dictionary(known.indices.map { (known[$0].number, $0) }, uniquingKeysWith: { first, _ in first })
        self.places = places
        guards = try reader.map { try fleet.guards($0) } ?? GuardsInForce()
        var desired = desired
        for index in desired.numbers.indices {
            desired.numbers[index].takeMarks(of: places[desired.numbers[index].number].flatMap { known[$0].desired })
        }
        self.desired = desired
        change = DesiredStateDifference(from: known.compactMap(\.desired), to: desired.numbers)
        held = DesiredStateGuard(maximumPercent: fleet.policy.maxWeakenedPercent)
            .reason(toHold: change, isNewStore: known.isEmpty)
    }

    /// How the entries differ from those in force, in words.
    var difference: String {
        "\(change.added.count) added, \(change.changed.count) changed, \(change.removed.count) dropped, "
            + "\(change.unchanged) unchanged"
    }

    /// What `render` makes of how every number would stand if the state were in force, in the order of numbers.
    func survey<Value: Sendable>(_ render: @Sendable (Standing) -> Value) throws -> [Value] {
        try desired.numbers.sorted { $0.number < $1.number }.mapInParallel { entry in
            var record = record(of: entry).map { $0.adopting(entry, at: fleet.now) } ?? .new(entry, at: fleet.now)
            var operatorPIN: PIN?
            if let name = entry.operatorPINName {
                operatorPIN = try? secrets.pin(named: name)  // `check` has said it; the plan shows it as held.
                if operatorPIN != nil, !record.generations.isEmpty {
                    let opened = try fleet.openWithKey().record(entry.number, at: fleet.now)
                    record = opened?.adopting(entry, at: fleet.now) ?? record
                }
            }
            return render(
                Standing(
                    record, operatorPIN: operatorPIN, policy: fleet.policy, now: fleet.now, guards: guards.forPlanning))
        }
    }

    private func record(of entry: DesiredNumber) -> NumberRecord? { places[entry.number].map { known[$0] } }
}

extension DesiredNumber {
    /// Takes the marks of the entry in force where this one has none: that of a token that cannot be read, which the
    /// reader of the file has reported, and that of an operator-owned PIN, which only the store makes.
    fileprivate mutating func takeMarks(of inForce: DesiredNumber?) {
        guard let inForce else { return }
        tokenMark = tokenMark ?? inForce.tokenMark
        if operatorPINName == inForce.operatorPINName { operatorPINMark = inForce.operatorPINMark }
    }
}
