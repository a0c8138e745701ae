import Planning

/// Where a number stands in the queue.
struct WaitingKey: Hashable, Sendable, Comparable {
    /// The three lines of the queue.
    enum Line: Int, Hashable, Sendable, CaseIterable {
        /// Exposed numbers: always first.
        case exposed
        /// Requests that expose nobody.
        case ordinary
        /// Requests that begin an exposure, and need the budget.
        case cycle
    }

    let line: Line
    let dueAt: Instant
    let number: PhoneNumber
    /// Where its request goes.
    let endpoint: Endpoint

    static func < (left: WaitingKey, right: WaitingKey) -> Bool {
        left.dueAt == right.dueAt ? left.number < right.number : left.dueAt < right.dueAt
    }
}

/// The numbers that want to send, each line ordered by due instant and then by number, so that runs repeat exactly.
///
/// The lines are kept for each endpoint apart: one that lets nothing through then costs nothing, however many wait for it.
struct WaitingQueue: Sendable {
    private var lines: [Endpoint: [SortedQueue<WaitingKey>]] = [:]
    private(set) var count = 0

    /// The endpoints that anything waits for, in no order.
    var endpoints: Dictionary<Endpoint, [SortedQueue<WaitingKey>]>.Keys { lines.keys }

    /// The first of a line among those that wait for `endpoint`.
    func first(_ line: WaitingKey.Line, at endpoint: Endpoint) -> WaitingKey? {
        lines[endpoint]?[line.rawValue].first
    }

    /// The first of a line among those that wait for `endpoint`, but for one number.
    func first(_ line: WaitingKey.Line, at endpoint: Endpoint, otherThan number: PhoneNumber) -> WaitingKey? {
        lines[endpoint]?[line.rawValue].ascending.first { $0.number != number }
    }

    mutating func insert(_ key: WaitingKey) {
        lines[key.endpoint, default: Self.empty][key.line.rawValue].insert(key)
        count += 1
    }

    mutating func remove(_ key: WaitingKey) {
        precondition(lines[key.endpoint] != nil, "a waiting number is in the queue under its own key")
        lines[key.endpoint, default: Self.empty][key.line.rawValue].remove(key)
        count -= 1
        if lines[key.endpoint]?.allSatisfy(\.isEmpty) ?? false { lines[key.endpoint] = nil }
    }

    private static let empty = WaitingKey.Line.allCases.map { _ in SortedQueue<WaitingKey>() }
}
