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

    /// Every record, its PINs replaced by a placeholder: nothing that only looks needs them.
    public func records(_ reader: StoreReader) throws(StorageError) -> [NumberRecord] {
        var records: [NumberRecord] = []
        try readPages(reader, try reader.recentWrites(at: now)) { rows in
            records += rows.map { $0.record(withPlaceholder: Self.placeholder) }
        }
        return records
    }

    /// How every number stands, most urgent first.
    public func standings(_ reader: StoreReader, guards: GuardsInForce) throws(StorageError) -> [Standing] {
        try survey(reader, guards: guards) { $0 }
    }

    /// How one number stands; nil when the store does not know it.
    ///
    /// - Parameter name: the number (E.164) or its label.
    public func standing(
        named name: String, _ reader: StoreReader, guards: GuardsInForce
    ) throws(StorageError) -> Standing? {
        guard let number = try reader.number(named: name) else { return nil }
        return try reader.statusRow(number, at: now).map { standing($0, guards) }
    }

    /// What `render` makes of each number, most urgent first, without those of which it makes nothing.
    ///
    /// Numbers are read page by page, and only what was made of them is kept.
    ///
    /// - Parameter inParallel: whether all processors work on it, each on its part of the numbers: for commands, while
    ///   the daemon keeps to one.
    public func survey<Value: Sendable>(
        _ reader: StoreReader, guards: GuardsInForce, inParallel: Bool = false,
        _ render: @escaping @Sendable (Standing) -> Value?
    ) throws(StorageError) -> [Value] {
        let shelf = Mutex(Shelf<Value>())
        let writes = try reader.recentWrites(at: now)
        let processors = min(ProcessInfo.processInfo.activeProcessorCount, Self.mostParts)
        let cuts = inParallel ? try reader.cuts(parts: processors) : []
        let look: @Sendable (StoreReader, Int) throws(StorageError) -> Void = { reader, part throws(StorageError) in
            let after = part > 0 ? cuts[part - 1] : nil
            let last = part < cuts.count ? cuts[part] : nil
            var ranks: [Int: [Value]] = [:]
            try readPages(reader, after: after, through: last, writes) { rows in
                for row in rows {
                    let standing = standing(row, guards)
                    if let value = render(standing) { ranks[standing.rank, default: []].append(value) }
                }
            }
            shelf.withLock { $0.parts[part] = ranks }
        }
        guard !cuts.isEmpty else {
            try look(reader, 0)
            return shelf.withLock { $0.values }
        }
        let group = DispatchGroup()
        for part in 0...cuts.count {
            // A queue each, and so a thread: who waits here may hold one of those that a concurrent queue would share.
            DispatchQueue(label: "twostepd.survey").async(group: group) {
                do throws(StorageError) {
                    // Connections do not share their work: each part has its own.
                    let own = try StoreReader.open(at: location, key: nil)
                    try look(own, part)
                    try own.close()
                } catch {
                    shelf.withLock { $0.failure = error }
                }
            }
        }
        group.wait()
        if let failure = shelf.withLock({ $0.failure }) { throw failure }
        return shelf.withLock { $0.values }
    }

    private func standing(_ row: StatusRow, _ guards: GuardsInForce) -> Standing {
        Standing(
            row.record(withPlaceholder: Self.placeholder), operatorPIN: Self.placeholder, policy: policy, now: now,
            guards: guards)
    }

    private func readPages(
        _ reader: StoreReader, after first: PhoneNumber? = nil, through last: PhoneNumber? = nil,
        _ writes: StoreReader.RecentWrites, _ body: ([StatusRow]) -> Void
    ) throws(StorageError) {
        var after = first
        repeat {
            let page = try reader.statusRows(
                after: after, through: last, limit: Self.pageSize, at: now, writes: writes)
            body(page.rows)
            after = page.next
        } while after != nil
    }

    /// Stands in for every PIN where none is needed; a status then takes the operator's PINs for unchanged.
    public static let placeholder: PIN = {
        guard let pin = PIN(digits: "000000") else { preconditionFailure("six digits are a PIN") }
        return pin
    }()
}

/// What was made of the parts, which may come to their end in any order.
private struct Shelf<Value> {
    /// By part, and by rank.
    var parts: [Int: [Int: [Value]]] = [:]
    var failure: StorageError?

    /// By rank, and within a rank in the order of the parts.
    var values: [Value] {
        let ranks = Set(parts.values.flatMap(\.keys)).sorted()
        return ranks.flatMap { rank in parts.keys.sorted().flatMap { parts[$0]?[rank] ?? [] } }
    }
}
