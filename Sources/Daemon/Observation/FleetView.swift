import Dispatch
import Foundation
public import Planning
public import Storage
import Synchronization

/// How the fleet stands, as the store tells it to whoever only looks: commands, the status page, metrics.
public struct FleetView: Sendable {
    public let location: StoreLocation
    public let policy: Policy
    public let now: Instant

    /// How many numbers are read at once: enough to make a statement worth its while, and little to hold in memory.
    private static let pageSize = 2000
    /// The most parts that are read at once.
    private static let mostParts = 8

    public init(location: StoreLocation, policy: Policy, now: Instant) {
        self.location = location
        self.policy = policy
        self.now = now
    }

    /// Every record in the order of numbers, its PINs closed: nothing that only reads needs them.
    ///
    /// - Parameters:
    ///   - reader: the store to read.
    ///   - inParallel: as for ``survey(_:guards:inParallel:_:)``.
    public func records(_ reader: StoreReader, inParallel: Bool = false) throws(StorageError) -> [NumberRecord] {
        try parts(reader, inParallel: inParallel, from: []) { (records: inout [NumberRecord], record) in
            records.append(record)
        }.flatMap(\.self)
    }

    /// How every number stands, most urgent first.
    public func standings(_ reader: StoreReader, guards: GuardsInForce) throws(StorageError) -> [Standing] {
        try survey(reader, guards: guards) { $0 }
    }

    /// How one number stands; nil when the store does not know it.
    ///
    /// - Parameters:
    ///   - name: the number (E.164) or its label.
    ///   - reader: the store to read.
    ///   - guards: what holds requests back just now.
    public func standing(
        named name: String, _ reader: StoreReader, guards: GuardsInForce
    ) throws(StorageError) -> Standing? {
        guard let number = try reader.number(named: name) else { return nil }
        return try reader.closedRecord(number, at: now).map { standing($0, guards) }
    }

    /// What `render` makes of each number, most urgent first, without those of which it makes nothing.
    ///
    /// Numbers are read page by page, and only what was made of them is kept.
    ///
    /// - Parameters:
    ///   - reader: the store to read.
    ///   - guards: what holds requests back just now.
    ///   - inParallel: whether all processors work on it, each on its part of the numbers: for commands, while the
    ///     daemon keeps to one.
    ///   - render: what is kept of a number; nil for nothing. It runs on several threads when `inParallel`.
    public func survey<Value: Sendable>(
        _ reader: StoreReader, guards: GuardsInForce, inParallel: Bool = false,
        _ render: @escaping @Sendable (Standing) -> Value?
    ) throws(StorageError) -> [Value] {
        let parts = try parts(reader, inParallel: inParallel, from: [:]) { (ranks: inout [Int: [Value]], record) in
            let standing = standing(record, guards)
            if let value = render(standing) { ranks[standing.rank, default: []].append(value) }
        }
        let ranks = Set(parts.flatMap(\.keys)).sorted()
        return ranks.flatMap { rank in parts.flatMap { $0[rank] ?? [] } }
    }

    /// What `add` gathers of each part of the numbers, beginning with `empty`, in the order of numbers: one part, or one for
    /// each processor.
    private func parts<Gathered: Sendable>(
        _ reader: StoreReader, inParallel: Bool, from empty: Gathered,
        _ add: @escaping @Sendable (inout Gathered, NumberRecord) -> Void
    ) throws(StorageError) -> [Gathered] {
        let writes = try reader.recentWrites(at: now)
        let processors = min(ProcessInfo.processInfo.activeProcessorCount, Self.mostParts)
        let cuts = inParallel ? try reader.cuts(parts: processors) : []
        let gather: @Sendable (StoreReader, Int) throws(StorageError) -> Gathered = {
            reader, part throws(StorageError) in
            let after = part > 0 ? cuts[part - 1] : nil
            let last = part < cuts.count ? cuts[part] : nil
            var gathered = empty
            try readPages(reader, after: after, through: last, writes) { records in
                for record in records { add(&gathered, record) }
            }
            return gathered
        }
        guard !cuts.isEmpty else { return [try gather(reader, 0)] }
        let shelf = Mutex<[Int: Result<Gathered, StorageError>]>([:])
        let group = DispatchGroup()
        for part in 0...cuts.count {
            // A queue each, and so a thread: who waits here may hold one of those that a concurrent queue would share.
            DispatchQueue(label: "twostepd.survey").async(group: group) {
                let result = Result { () throws(StorageError) in
                    // Connections do not share their work: each part has its own.
                    let own = try StoreReader.open(at: location, key: nil)
                    let gathered = try gather(own, part)
                    try own.close()
                    return gathered
                }
                shelf.withLock { $0[part] = result }
            }
        }
        group.wait()
        var parts: [Gathered] = []
        for (_, result) in shelf.withLock({ $0 }).sorted(by: { $0.key < $1.key }) { parts.append(try result.get()) }
        return parts
    }

    private func standing(_ record: NumberRecord, _ guards: GuardsInForce) -> Standing {
        Standing(
            record, operatorPIN: Self.operatorPIN(of: record), policy: policy, now: now, guards: guards)
    }

    private func readPages(
        _ reader: StoreReader, after first: PhoneNumber? = nil, through last: PhoneNumber? = nil,
        _ writes: StoreReader.RecentWrites, _ body: ([NumberRecord]) -> Void
    ) throws(StorageError) {
        var after = first
        repeat {
            let page = try reader.closedRecords(
                after: after, through: last, limit: Self.pageSize, at: now, writes: writes)
            body(page.records)
            after = page.next
        } while after != nil
    }

    /// What the planner is given for the value of the operator-owned PIN of a closed record: some value when there is one,
    /// which it takes for unchanged, and nil when the value could not be read.
    public static func operatorPIN(of record: NumberRecord) -> PIN? {
        record.desired?.operatorPINMark == nil ? nil : placeholder
    }

    private static let placeholder: PIN = {
        guard let pin = PIN(digits: "000000") else { preconditionFailure("six digits are a PIN") }
        return pin
    }()
}
