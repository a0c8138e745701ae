import Planning

/// Where a number stands in the queue.
struct WaitingKey: Hashable, Sendable, Comparable {
    /// The three lines of the queue.
    enum Line: Int, Hashable, Sendable {
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

    static func < (left: WaitingKey, right: WaitingKey) -> Bool {
        left.dueAt == right.dueAt ? left.number < right.number : left.dueAt < right.dueAt
    }
}

/// The numbers that want to send, each line ordered by due instant and then by number, so that runs repeat exactly.
struct WaitingQueue: Sendable {
    private var lines: [[WaitingKey]] = [[], [], []]

    var count: Int { lines.reduce(0) { $0 + $1.count } }

    func line(_ line: WaitingKey.Line) -> [WaitingKey] { lines[line.rawValue] }

    mutating func insert(_ key: WaitingKey) {
        let position = lines[key.line.rawValue].partitionPoint { $0 < key }
        lines[key.line.rawValue].insert(key, at: position)
    }

    mutating func remove(_ key: WaitingKey) {
        let position = lines[key.line.rawValue].partitionPoint { $0 < key }
        precondition(
            position < lines[key.line.rawValue].count && lines[key.line.rawValue][position] == key,
            "a waiting number is in the queue under its own key"
        )
        lines[key.line.rawValue].remove(at: position)
    }
}

extension Array {
    /// The first index whose element does not satisfy `condition`, in an array where those that do come first.
    fileprivate func partitionPoint(where condition: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if condition(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
