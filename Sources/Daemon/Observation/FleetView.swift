import Dispatch
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
    /// How many pages may be under way at once.
    private static let mostPages = 8

    public init(location: StoreLocation, policy: Policy, now: Instant) {
        self.location = location
        self.policy = policy
        self.now = now
    }

    /// Every record, its PINs replaced by a placeholder: nothing that only looks needs them.
    public func records(_ reader: StoreReader) throws(StorageError) -> [NumberRecord] {
        var records: [NumberRecord] = []
        try readPages(reader) { rows in records += rows.map { $0.record(withPlaceholder: Self.placeholder) } }
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
    /// - Parameter inParallel: whether all processors work on it: for commands, while the daemon keeps to one.
    public func survey<Value: Sendable>(
        _ reader: StoreReader, guards: GuardsInForce, inParallel: Bool = false,
        _ render: @escaping @Sendable (Standing) -> Value?
    ) throws(StorageError) -> [Value] {
        let shelf = Mutex(Shelf<Value>())
        let judge: @Sendable ([StatusRow], Int) -> Void = { rows, index in
            var ranks: [Int: [Value]] = [:]
            for row in rows {
                let standing = standing(row, guards)
                if let value = render(standing) { ranks[standing.rank, default: []].append(value) }
            }
            shelf.withLock { $0.put(ranks, at: index) }
        }
        let workers = DispatchQueue(label: "twostepd.survey", attributes: .concurrent)
        let (group, room) = (DispatchGroup(), DispatchSemaphore(value: Self.mostPages))
        defer { group.wait() }
        var count = 0
        try readPages(reader) { rows in
            let index = count
            count += 1
            guard inParallel else { return judge(rows, index) }
            room.wait()
            workers.async(group: group) {
                judge(rows, index)
                room.signal()
            }
        }
        group.wait()
        return shelf.withLock { $0.values }
    }

    private func standing(_ row: StatusRow, _ guards: GuardsInForce) -> Standing {
        Standing(
            row.record(withPlaceholder: Self.placeholder), operatorPIN: Self.placeholder, policy: policy, now: now,
            guards: guards)
    }

    private func readPages(_ reader: StoreReader, _ body: ([StatusRow]) -> Void) throws(StorageError) {
        let writes = try reader.recentWrites(at: now)
        var after: PhoneNumber?
        repeat {
            let page = try reader.statusRows(after: after, limit: Self.pageSize, at: now, writes: writes)
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

/// What was made of the pages, which may come to their end in any order.
private struct Shelf<Value> {
    private var pages: [Int: [Int: [Value]]] = [:]

    mutating func put(_ ranks: [Int: [Value]], at page: Int) { pages[page] = ranks }

    /// By rank, and within a rank in the order of the pages.
    var values: [Value] {
        let ranks = Set(pages.values.flatMap(\.keys)).sorted()
        return ranks.flatMap { rank in pages.keys.sorted().flatMap { pages[$0]?[rank] ?? [] } }
    }
}
