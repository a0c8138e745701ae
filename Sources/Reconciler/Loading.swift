import Planning

/// Decides which numbers are read from the store, and when: numbers that are due or requested by name, but none that is
/// set aside because its record cannot be read or written.
struct Loading: Sendable {
    /// A number that is set aside for a while.
    private struct SetAside: Sendable {
        let until: SteadyInstant
        /// Effects of requests whose end could not be recorded.
        let interruptedIn: [Effect]
    }

    /// The maximum count of numbers in one page.
    static let pageSize = 512
    /// The maximum count of numbers of one group at work with one account; several accounts share it.
    private static let roomOfGroups = 1024
    /// The minimum room of a group, however many accounts there are.
    private static let minRoom = 32
    /// The maximum count of numbers at work at which numbers affected by a corrected clock or another time zone
    /// database are still read. Above it they wait until some numbers have come to rest.
    private static let maxRetrying = 4096
    /// The maximum count of unreadable records; with more of them the store itself is considered broken.
    static let maxSetAside = 10_000

    /// The earliest due instant of a number that rests in the store, except those of the backlog.
    private var storeDueAt: Instant?
    /// The groups that have more due numbers than there was room for.
    private var backlog: Set<DueGroup> = []
    private var wanted: Set<PhoneNumber> = []
    /// The last number read of those whose stored retry is in the future; nil when they are not being read.
    private var retrying: (after: PhoneNumber?, Void)?
    /// The same for numbers that have a rotation window.
    private var windowed: (after: PhoneNumber?, Void)?
    private var setAside: [PhoneNumber: SetAside] = [:]
    /// The request under way; nil when there is no request.
    private(set) var underWay: LoadRequest?

    /// Returns the due instant from which something can be read from the store; nil when nothing is known to be due.
    func nextDueAt(atWork: [DueGroup: Int], count: Int) -> Instant? {
        guard underWay == nil else { return nil }
        if !wanted.isEmpty || ((retrying != nil || windowed != nil) && count < Self.maxRetrying) {
            return .distantPast
        }
        if !backlog.isEmpty {
            // Not for a single number: each page costs a query for what is due.
            let most = room(atWork: atWork).perGroup / 2
            if backlog.contains(where: { atWork[$0] ?? 0 <= most }) { return .distantPast }
        }
        return storeDueAt
    }

    /// Returns the room of each group; half of it is left for numbers that rest in memory.
    func room(atWork: [DueGroup: Int]) -> DueRoom {
        let accounts = Set(atWork.keys.map(\.account)).union(backlog.map(\.account)).count
        return DueRoom(perGroup: max(Self.minRoom, Self.roomOfGroups / max(1, accounts)), atWork: atWork)
    }

    /// The time at which the next number that is set aside is retried.
    var nextRetry: SteadyInstant? { underWay == nil ? setAside.values.map(\.until).min() : nil }

    /// Records that numbers that rest in the store may be due at `instant`.
    mutating func expect(dueAt instant: Instant?) {
        guard let instant else { return }
        storeDueAt = min(storeDueAt ?? instant, instant)
    }

    /// Makes these numbers be read whether they are due or not.
    mutating func want(_ numbers: some Sequence<PhoneNumber>) { wanted.formUnion(numbers) }

    /// Makes numbers whose stored retry is in the future be read and replanned, whatever their due instant: the clock
    /// may have been set back, now or while the process was not running.
    mutating func wantRetrying() { retrying = (nil, ()) }

    /// Makes numbers with a rotation window be read and replanned, whatever their due instant: time zones may have
    /// other offsets than before.
    mutating func wantWindowed() { windowed = (nil, ()) }

    /// Returns the next request; nil when nothing is due, or a request is under way.
    ///
    /// - Parameter isProbe: true when something has to be read although nothing is due.
    mutating func begin(
        atWork numbers: some Collection<PhoneNumber>, groups: [DueGroup: Int], isProbe: Bool = false, at now: Moment
    ) -> LoadRequest? {
        guard underWay == nil else { return nil }
        releaseOverdue(now: now.steady)
        guard isProbe || nextDueAt(atWork: groups, count: numbers.count).map({ $0 <= now.wall }) ?? false else {
            return nil
        }
        if !wanted.isEmpty {
            let numbers = Array(wanted.sorted().prefix(Self.pageSize))
            wanted.subtract(numbers)
            underWay = .numbers(numbers)
        } else if let retrying, numbers.count < Self.maxRetrying {
            underWay = .retrying(limit: Self.pageSize, after: retrying.after)
        } else if let windowed, numbers.count < Self.maxRetrying {
            underWay = .windowed(limit: Self.pageSize, after: windowed.after)
        } else {
            // The page reports when all other numbers are due, except those that come to rest meanwhile: from here on
            // only their due instants are recorded, and these remain valid after the page.
            storeDueAt = nil
            underWay = .due(
                limit: Self.pageSize, excluding: Set(numbers).union(setAside.keys), room: room(atWork: groups))
        }
        return underWay
    }

    /// Handles a page that was read.
    mutating func finish(_ page: DuePage) {
        switch underWay {
        case .retrying(let limit, _): retrying = Self.rest(after: page, limit: limit)
        case .windowed(let limit, _): windowed = Self.rest(after: page, limit: limit)
        case .due: backlog = page.backlog
        case .numbers, nil: break
        }
        underWay = nil
        expect(dueAt: page.nextDueAt)
    }

    /// Returns the position after a page of numbers read in order; nil when the page was the last.
    private static func rest(after page: DuePage, limit: Int) -> (after: PhoneNumber?, Void)? {
        let read = page.records.map(\.number) + page.failures.map(\.number)
        return read.count < limit ? nil : (read.max(), ())
    }

    /// Handles a page that could not be read: the same request is repeated.
    mutating func fail(now: Instant) {
        switch underWay {
        case .numbers(let numbers): want(numbers)
        case .due: expect(dueAt: now)
        case .retrying, .windowed, nil: break
        }
        underWay = nil
    }

    /// Sets a number aside.
    ///
    /// - Returns: the end of that time; nil when too many numbers are set aside already.
    mutating func setAside(_ number: PhoneNumber, interruptedIn effects: [Effect], at now: Moment) -> Instant? {
        let earlier = setAside[number]?.interruptedIn ?? []
        guard setAside.count < Self.maxSetAside || setAside[number] != nil else { return nil }
        let until = now.steady.advanced(by: UnreadableNumber.rest)
        setAside[number] = SetAside(until: until, interruptedIn: earlier + effects.filter { !earlier.contains($0) })
        wanted.remove(number)
        return now.wall(at: until)
    }

    /// Ends the setting aside of a number that was read, if it was set aside.
    ///
    /// - Returns: effects of its requests whose end could not be recorded; nil when it was not set aside.
    mutating func clearSetAside(_ number: PhoneNumber) -> [Effect]? {
        setAside.removeValue(forKey: number)?.interruptedIn
    }

    /// Makes a number that was set aside and edited since be read at once.
    mutating func release(_ number: PhoneNumber) {
        if setAside[number] != nil { want([number]) }
    }

    /// Returns whether a number that rests in the store may be read soon, as far as is known.
    func isExpecting(_ number: PhoneNumber, now: Instant) -> Bool {
        guard setAside[number] == nil else { return false }
        return underWay != nil || wanted.contains(number) || storeDueAt.map { $0 <= now } ?? false
    }

    private mutating func releaseOverdue(now: SteadyInstant) {
        guard !setAside.isEmpty else { return }
        want(setAside.filter { $0.value.until <= now }.keys)
    }
}
