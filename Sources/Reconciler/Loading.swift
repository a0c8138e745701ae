import Planning

/// Which numbers are read from the store, and when: those that are due, those that are asked for by name, and none that
/// is set aside because its record cannot be read or written.
struct Loading: Sendable {
    /// A number that is left alone for a while.
    private struct SetAside: Sendable {
        let until: SteadyInstant
        /// Effects of requests whose end could not be recorded.
        let interruptedIn: [Effect]
    }

    /// The most numbers that one page brings.
    static let pageSize = 512
    /// How many numbers of one group may be at work with one account; with more of them each gets its part.
    private static let roomOfGroups = 1024
    /// So many are always read, however many accounts there are.
    private static let leastRoom = 32
    /// With more numbers at work than this, those that a corrected clock or another time zone database concerns wait until
    /// some have come to rest.
    private static let mostRetrying = 4096
    /// With more unreadable records than this it is the store that does not work.
    static let maxSetAside = 10_000

    /// The earliest due instant of a number that rests in the store, but for those of the backlog.
    private var storeDueAt: Instant?
    /// The groups of which more is due than there was room for.
    private var backlog: Set<DueGroup> = []
    private var wanted: Set<PhoneNumber> = []
    /// Whether numbers whose stored retry lies ahead are read, and after which one; nil when they are not.
    private var retrying: (after: PhoneNumber?, Void)?
    /// The same of numbers that have a rotation window.
    private var windowed: (after: PhoneNumber?, Void)?
    private var setAside: [PhoneNumber: SetAside] = [:]
    /// What was asked for; nil when nothing is under way.
    private(set) var underWay: LoadRequest?

    /// The due instant of the store from which something can be read; nil when nothing is known of.
    func nextDueAt(atWork: [DueGroup: Int], count: Int) -> Instant? {
        guard underWay == nil else { return nil }
        if !wanted.isEmpty || ((retrying != nil || windowed != nil) && count < Self.mostRetrying) {
            return .distantPast
        }
        if !backlog.isEmpty {
            // Not for a single one: each page costs a look at what is due.
            let most = room(atWork: atWork).perGroup / 2
            if backlog.contains(where: { atWork[$0] ?? 0 <= most }) { return .distantPast }
        }
        return storeDueAt
    }

    /// The room of each group; half of it is left for those that come to rest at hand.
    func room(atWork: [DueGroup: Int]) -> DueRoom {
        let accounts = Set(atWork.keys.map(\.account)).union(backlog.map(\.account)).count
        return DueRoom(perGroup: max(Self.leastRoom, Self.roomOfGroups / max(1, accounts)), atWork: atWork)
    }

    /// When a number that is set aside is tried again.
    var nextRetry: SteadyInstant? { underWay == nil ? setAside.values.map(\.until).min() : nil }

    /// Numbers that rest in the store may be due at `instant`.
    mutating func expect(dueAt instant: Instant?) {
        guard let instant else { return }
        storeDueAt = min(storeDueAt ?? instant, instant)
    }

    /// These numbers are read whether they are due or not.
    mutating func want(_ numbers: some Sequence<PhoneNumber>) { wanted.formUnion(numbers) }

    /// The clock may have been set back, now or while nobody looked: numbers whose stored retry lies ahead are planned
    /// again, whatever their due instant says.
    mutating func wantRetrying() { retrying = (nil, ()) }

    /// Time zones may have other offsets than before: numbers with a rotation window are planned again, whatever their due
    /// instant says.
    mutating func wantWindowed() { windowed = (nil, ()) }

    /// The next request; nil when nothing is due, or one is under way.
    ///
    /// - Parameter isProbe: whether something has to be read although nothing is due.
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
        } else if let retrying, numbers.count < Self.mostRetrying {
            underWay = .retrying(limit: Self.pageSize, after: retrying.after)
        } else if let windowed, numbers.count < Self.mostRetrying {
            underWay = .windowed(limit: Self.pageSize, after: windowed.after)
        } else {
            // The page says when everything else is due, but for what comes to rest meanwhile: only that is recorded from
            // here on, and outlasts the page.
            storeDueAt = nil
            underWay = .due(
                limit: Self.pageSize, excluding: Set(numbers).union(setAside.keys), room: room(atWork: groups))
        }
        return underWay
    }

    /// The page has come.
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

    /// Where numbers are read on after a page of those that are read by number; nil when that was all of them.
    private static func rest(after page: DuePage, limit: Int) -> (after: PhoneNumber?, Void)? {
        let read = page.records.map(\.number) + page.failures.map(\.number)
        return read.count < limit ? nil : (read.max(), ())
    }

    /// The page could not be read: the same is asked for again.
    mutating func fail(now: Instant) {
        switch underWay {
        case .numbers(let numbers): want(numbers)
        case .due: expect(dueAt: now)
        case .retrying, .windowed, nil: break
        }
        underWay = nil
    }

    /// Leaves a number alone.
    ///
    /// - Returns: until when, or nil when there are too many of them already.
    mutating func setAside(_ number: PhoneNumber, interruptedIn effects: [Effect], at now: Moment) -> Instant? {
        let earlier = setAside[number]?.interruptedIn ?? []
        guard setAside.count < Self.maxSetAside || setAside[number] != nil else { return nil }
        let until = now.steady.advanced(by: UnreadableNumber.rest)
        setAside[number] = SetAside(until: until, interruptedIn: earlier + effects.filter { !earlier.contains($0) })
        wanted.remove(number)
        return now.wall(at: until)
    }

    /// A number was read that may have been set aside.
    ///
    /// - Returns: effects of its requests whose end could not be recorded; nil when it was not set aside.
    mutating func takeBack(_ number: PhoneNumber) -> [Effect]? { setAside.removeValue(forKey: number)?.interruptedIn }

    /// A number that was set aside was edited: it is tried at once.
    mutating func release(_ number: PhoneNumber) {
        if setAside[number] != nil { want([number]) }
    }

    /// Whether a number that rests in the store may be read soon, as far as is known.
    func isExpecting(_ number: PhoneNumber, now: Instant) -> Bool {
        guard setAside[number] == nil else { return false }
        return underWay != nil || wanted.contains(number) || storeDueAt.map { $0 <= now } ?? false
    }

    private mutating func releaseOverdue(now: SteadyInstant) {
        guard !setAside.isEmpty else { return }
        want(setAside.filter { $0.value.until <= now }.keys)
    }
}
