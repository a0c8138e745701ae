import Planning

/// Where a number stands in the queue.
struct WaitingKey: Hashable, Sendable, Comparable {
    /// The lines of the queue: for each urgency those whose request exposes nobody, and those whose request begins an
    /// exposure, which take turns by due instant.
    struct Line: Hashable, Sendable {
        let urgency: Urgency
        let startsCycle: Bool

        init(_ urgency: Urgency, startsCycle: Bool) {
            self.urgency = urgency
            self.startsCycle = startsCycle
        }

        var place: Int { urgency.rawValue * 2 + (startsCycle ? 1 : 0) }
        static let count = Urgency.allCases.count * 2
    }

    let line: Line
    let dueAt: Instant
    let number: PhoneNumber
    /// Where its request goes.
    let account: Account

    /// Whether it goes before another one, of any line.
    func goesBefore(_ other: WaitingKey) -> Bool {
        line.urgency == other.line.urgency ? self < other : line.urgency < other.line.urgency
    }

    static func < (left: WaitingKey, right: WaitingKey) -> Bool {
        left.dueAt == right.dueAt ? left.number < right.number : left.dueAt < right.dueAt
    }
}

/// The numbers that want to send, each line ordered by due instant and then by number, so that runs repeat exactly.
///
/// The lines are kept for each account apart: one that lets nothing through then costs nothing, however many wait for it.
struct WaitingQueue: Sendable {
    private var lines: [Account: [SortedQueue<WaitingKey>]] = [:]
    private(set) var count = 0

    /// The accounts that anything waits for, in no order.
    var accounts: Dictionary<Account, [SortedQueue<WaitingKey>]>.Keys { lines.keys }

    /// The first of a line among those that wait for `account`.
    func first(_ line: WaitingKey.Line, at account: Account) -> WaitingKey? {
        lines[account]?[line.place].first
    }

    /// The first of a line among those numbers that wait for `account` and are meant.
    func first(
        _ line: WaitingKey.Line, at account: Account, where isMeant: (PhoneNumber) -> Bool
    ) -> WaitingKey? {
        lines[account]?[line.place].ascending.first { isMeant($0.number) }
    }

    /// Whether any request that begins an exposure waits.
    var hasCycles: Bool {
        lines.values.contains { lines in lines.indices.contains { $0 % 2 == 1 && !lines[$0].isEmpty } }
    }

    mutating func insert(_ key: WaitingKey) {
        lines[key.account, default: Self.empty][key.line.place].insert(key)
        count += 1
    }

    mutating func remove(_ key: WaitingKey) {
        precondition(lines[key.account] != nil, "a waiting number is in the queue under its own key")
        lines[key.account, default: Self.empty][key.line.place].remove(key)
        count -= 1
        if lines[key.account]?.allSatisfy(\.isEmpty) ?? false { lines[key.account] = nil }
    }

    private static let empty = (0..<WaitingKey.Line.count).map { _ in SortedQueue<WaitingKey>() }
}
