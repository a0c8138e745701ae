import Planning

/// The position of a number in the queue.
struct WaitingKey: Hashable, Sendable, Comparable {
    /// A line of the queue. Each urgency has two lines, which take turns by due instant: one for requests that expose
    /// no number, and one for requests that begin an exposure.
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
    /// The account that its request goes to.
    let account: Account

    /// Returns whether it goes before another one, of any line.
    func goesBefore(_ other: WaitingKey) -> Bool {
        line.urgency == other.line.urgency ? self < other : line.urgency < other.line.urgency
    }

    static func < (left: WaitingKey, right: WaitingKey) -> Bool {
        left.dueAt == right.dueAt ? left.number < right.number : left.dueAt < right.dueAt
    }
}

/// The numbers that wait to send. Each line is ordered by due instant and then by number, so that runs repeat exactly.
///
/// Each account has lines of its own: a blocked account then costs nothing, however many numbers wait for it.
struct WaitingQueue: Sendable {
    private var lines: [Account: [SortedQueue<WaitingKey>]] = [:]
    private(set) var count = 0

    /// The accounts that anything waits for, in no order.
    var accounts: Dictionary<Account, [SortedQueue<WaitingKey>]>.Keys { lines.keys }

    /// Returns the first of a line among the numbers that wait for `account`.
    func first(_ line: WaitingKey.Line, at account: Account) -> WaitingKey? {
        lines[account]?[line.place].first
    }

    /// Returns the first of a line among the numbers that wait for `account` and satisfy `isMeant`.
    func first(
        _ line: WaitingKey.Line, at account: Account, where isMeant: (PhoneNumber) -> Bool
    ) -> WaitingKey? {
        lines[account]?[line.place].ascending.first { isMeant($0.number) }
    }

    /// True when any request that begins an exposure waits.
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
