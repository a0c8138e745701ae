import Dispatch
import Foundation
public import Planning
public import Storage
import Synchronization

/// The fleet as read from the store, for callers that change nothing: commands, the status page, metrics.
public struct FleetView: Sendable {
    public let location: StoreLocation
    public let policy: Policy
    public let now: Instant

    /// The count of records that are read at once: enough for the statement to pay off, and little to hold in memory.
    private static let pageSize = 2000
    /// The limit of parts that are read at once.
    private static let maxParts = 8

    public init(location: StoreLocation, policy: Policy, now: Instant) {
        self.location = location
        self.policy = policy
        self.now = now
    }

    /// Returns every record in the order of numbers, with its PINs sealed: nothing that only reads needs them.
    ///
    /// - Parameters:
    ///   - reader: the store to read.
    ///   - inParallel: as for ``survey(_:guards:inParallel:_:)``.
    public func records(_ reader: StoreReader, inParallel: Bool = false) throws(StorageError) -> [NumberRecord] {
        try parts(reader, inParallel: inParallel, from: []) { (records: inout [NumberRecord], record) in
            records.append(record)
        }.flatMap(\.self)
    }

    /// Returns the standing of every number, most urgent first.
    public func standings(_ reader: StoreReader, guards: GuardsInForce) throws(StorageError) -> [NumberStatus] {
        try survey(reader, guards: guards) { $0 }
    }

    /// Returns the standing of one number; nil when the store does not know it.
    ///
    /// - Parameters:
    ///   - name: the number (E.164) or its label.
    ///   - reader: the store to read.
    ///   - guards: the guards that hold requests back at present.
    public func standing(
        named name: String, _ reader: StoreReader, guards: GuardsInForce
    ) throws(StorageError) -> NumberStatus? {
        guard let number = try reader.number(named: name) else { return nil }
        return try reader.closedRecord(number, at: now).map { standing($0, guards) }
    }

    /// Returns the values that `render` makes of the numbers, most urgent first, without its nils.
    ///
    /// Numbers are read page by page, and only the rendered values are kept.
    ///
    /// - Parameters:
    ///   - reader: the store to read.
    ///   - guards: the guards that hold requests back at present.
    ///   - inParallel: true to use all processors, each on its part of the numbers: for commands. The daemon uses one.
    ///   - render: makes the value of a number; nil for none. It runs on several threads when `inParallel`.
    public func survey<Value: Sendable>(
        _ reader: StoreReader, guards: GuardsInForce, inParallel: Bool = false,
        _ render: @escaping @Sendable (NumberStatus) -> Value?
    ) throws(StorageError) -> [Value] {
        let parts = try parts(reader, inParallel: inParallel, from: [:]) { (ranks: inout [Int: [Value]], record) in
            let standing = standing(record, guards)
            if let value = render(standing) { ranks[standing.rank, default: []].append(value) }
        }
        let ranks = Set(parts.flatMap(\.keys)).sorted()
        return ranks.flatMap { rank in parts.flatMap { $0[rank] ?? [] } }
    }

    /// Returns the values that `add` gathers of each part of the numbers, beginning with `empty`, in the order of
    /// numbers: one part, or one for each processor.
    private func parts<Gathered: Sendable>(
        _ reader: StoreReader, inParallel: Bool, from empty: Gathered,
        _ add: @escaping @Sendable (inout Gathered, NumberRecord) -> Void
    ) throws(StorageError) -> [Gathered] {
        let writes = try reader.recentWrites(at: now)
        let processors = min(ProcessInfo.processInfo.activeProcessorCount, Self.maxParts)
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
            // A queue for each part, and so a thread: the caller that waits here may occupy a thread that a concurrent
            // queue would share.
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

    private func standing(_ record: NumberRecord, _ guards: GuardsInForce) -> NumberStatus {
        NumberStatus(
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

    /// Returns the value that the planner gets for the operator-owned PIN of a closed record: a placeholder when there
    /// is one, which the planner treats as unchanged, and nil when the value could not be read.
    public static func operatorPIN(of record: NumberRecord) -> PIN? {
        record.desired?.operatorPINMark == nil ? nil : placeholder
    }

    private static let placeholder: PIN = {
        guard let pin = PIN(digits: "000000") else { preconditionFailure("six digits are a PIN") }
        return pin
    }()
}
