import Planning

/// Which numbers are read from the store, and when: those that are due, those that are asked for by name, and none that
/// is set aside because its record cannot be read or written.
struct Loading: Sendable {
    /// A number that is left alone for a while.
    private struct SetAside: Sendable {
        let until: Instant
        /// Effects of requests whose end could not be recorded.
        let interruptedIn: [Effect]
    }

    /// The most numbers that one page brings.
    static let pageSize = 512
    /// With more unreadable records than this it is the store that does not work.
    static let maxSetAside = 10_000

    /// The earliest due instant of a number that rests in the store.
    private var storeDueAt: Instant?
    private var wanted: Set<PhoneNumber> = []
    private var setAside: [PhoneNumber: SetAside] = [:]
    /// What was asked for; nil when nothing is under way.
    private(set) var underWay: LoadRequest?

    /// The instant at which something can be read, or is tried again; nil when nothing is known of.
    var nextAt: Instant? {
        guard underWay == nil else { return nil }
        if !wanted.isEmpty { return .distantPast }
        return [storeDueAt, setAside.values.map(\.until).min()].compactMap(\.self).min()
    }

    /// Numbers that rest in the store may be due at `instant`.
    mutating func expect(dueAt instant: Instant?) {
        guard let instant else { return }
        storeDueAt = min(storeDueAt ?? instant, instant)
    }

    /// These numbers are read whether they are due or not.
    mutating func want(_ numbers: some Sequence<PhoneNumber>) { wanted.formUnion(numbers) }

    /// The next request; nil when nothing is due, or one is under way.
    ///
    /// - Parameter isProbe: whether something has to be read although nothing is due.
    mutating func begin(
        atWork numbers: some Collection<PhoneNumber>, limit: Int, isProbe: Bool = false, now: Instant
    ) -> LoadRequest? {
        guard underWay == nil, limit > 0 else { return nil }
        releaseOverdue(now: now)
        if !wanted.isEmpty {
            let numbers = Array(wanted.sorted().prefix(limit))
            wanted.subtract(numbers)
            underWay = .numbers(numbers)
        } else if isProbe || storeDueAt.map({ $0 <= now }) ?? false {
            // The page says when everything else is due, but for what comes to rest meanwhile: only that is recorded from
            // here on, and outlasts the page.
            storeDueAt = nil
            underWay = .due(limit: limit, excluding: Set(numbers).union(setAside.keys))
        }
        return underWay
    }

    /// The page has come.
    mutating func finish(_ page: DuePage) {
        underWay = nil
        expect(dueAt: page.nextDueAt)
    }

    /// The page could not be read: the same is asked for again.
    mutating func fail(now: Instant) {
        switch underWay {
        case .numbers(let numbers): want(numbers)
        case .due: expect(dueAt: now)
        case nil: break
        }
        underWay = nil
    }

    /// Leaves a number alone.
    ///
    /// - Returns: until when, or nil when there are too many of them already.
    mutating func setAside(_ number: PhoneNumber, interruptedIn effects: [Effect], now: Instant) -> Instant? {
        let earlier = setAside[number]?.interruptedIn ?? []
        guard setAside.count < Self.maxSetAside || setAside[number] != nil else { return nil }
        let until = now.advanced(by: UnreadableNumber.rest)
        setAside[number] = SetAside(until: until, interruptedIn: earlier + effects.filter { !earlier.contains($0) })
        wanted.remove(number)
        return until
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

    private mutating func releaseOverdue(now: Instant) {
        guard !setAside.isEmpty else { return }
        want(setAside.filter { $0.value.until <= now }.keys)
    }
}
