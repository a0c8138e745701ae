import Planning

/// Decides whose turn it is to be observed. Each observer has a rate limit and a breaker of its own, apart from those
/// of requests that change a number.
///
/// Questions before a request come first, and are asked within a minute or not at all: the request is then sent
/// without. Routine questions use the rest of the rate limit, and their numbers wait in the store until their turn.
struct Observing: Sendable {
    /// The time of a number's observation.
    enum Turn: Equatable, Sendable {
        /// The number is observed at once.
        case atOnce
        /// The number is observed at this instant, and waits in memory.
        case soon(SteadyInstant)
        /// The number is observed at this instant, and waits in the store.
        case later(SteadyInstant)
        /// The number cannot be observed within a minute.
        case never
    }

    /// A question that was asked.
    struct Question: Sendable {
        let number: PhoneNumber
        let observer: Account
        /// The time of the question by the wall clock.
        let askedAt: Instant
    }

    /// The maximum count of questions under way, of all observers.
    static let maxUnderWay = 16
    /// The maximum wait of a request for its question.
    static let maxWait: Duration = .seconds(60)
    /// The wait before a retry while the observers are busy.
    private static let busyWait: Duration = .seconds(1)
    /// The wait after an observer limits its requests without a Retry-After.
    private static let limitedWait: Duration = .seconds(60)

    private let policy: Policy
    private var windows: [Account: RequestWindow] = [:]
    private var breakers: [Account: CircuitBreaker] = [:]
    /// The turns of numbers at work.
    private var turns: [PhoneNumber: SteadyInstant] = [:]
    private var lastTurns: [Account: SteadyInstant] = [:]
    /// The last turn of each observer that was given to a number that waits in the store.
    private var lastLaterTurns: [Account: SteadyInstant] = [:]
    private var underWay: [Int64: Question] = [:]
    private var lastID: Int64 = 0

    init(policy: Policy) { self.policy = policy }

    /// The numbers of questions that are under way.
    var numbers: Set<PhoneNumber> { Set(underWay.values.map(\.number)) }

    /// Returns the time at which `number` is observed, and reserves it.
    ///
    /// - Parameter isFirst: true when a request waits for the observation.
    mutating func turn(of number: PhoneNumber, by observer: Account, isFirst: Bool, now: SteadyInstant) -> Turn {
        let reserved = turns[number]
        if let reserved, reserved > now {
            if !isFirst { return .later(reserved) }
            if reserved <= now.advanced(by: Self.maxWait) { return .soon(reserved) }
        }
        turns[number] = nil
        var down = now
        if let until = breakers[observer]?.blockedUntil(now: now) {
            guard !isFirst else { return .never }
            down = until == .distantFuture ? now.advanced(by: Self.maxWait) : until
        }
        let limit = policy.observationsPerMinute
        let busyUntil = underWay.count < Self.maxUnderWay ? now : now.advanced(by: Self.busyWait)
        let free = max(down, busyUntil, windows[observer]?.blockedUntil(limit: limit, now: now) ?? now)
        let interval = Duration.milliseconds(60_000 / Int64(max(1, limit ?? 60_000)))
        let lastTurn = lastTurns[observer]
        // A reserved turn belongs to the number: the others wait for later ones.
        let next = reserved.map { $0 > now } ?? true ? lastTurn?.advanced(by: interval) ?? now : now
        guard isFirst else {
            let slot = max(free, lastTurn ?? now)
            if slot <= now { return .atOnce }
            let later = max(slot, lastLaterTurns[observer]?.advanced(by: interval) ?? slot)
            lastLaterTurns[observer] = later
            turns[number] = later
            return .later(later)
        }
        let slot = max(free, next)
        if slot <= now { return .atOnce }
        guard slot <= now.advanced(by: Self.maxWait) else { return .never }
        turns[number] = slot
        lastTurns[observer] = max(lastTurn ?? slot, slot)
        return .soon(slot)
    }

    /// Releases the turn of a number that is no longer at work: it gets another when it is due.
    mutating func release(_ number: PhoneNumber) { turns[number] = nil }

    /// Records a question about a number whose turn is now.
    ///
    /// - Returns: the question's ID.
    mutating func ask(_ number: PhoneNumber, of observer: Account, at now: Moment) -> Int64 {
        lastID += 1
        underWay[lastID] = Question(number: number, observer: observer, askedAt: now.wall)
        windows[observer, default: RequestWindow()].count(at: now.steady)
        breakers[observer]?.depart(lastID)
        return lastID
    }

    /// Handles an answer, and updates the state of its observer. `jitter`, uniform in 0..<1, is for the wait until the
    /// next probe.
    mutating func finish(
        _ id: Int64, _ answer: ObserverAnswer, at now: Moment, jitter: Double
    ) -> (question: Question, report: GuardReport?)? {
        guard let question = underWay.removeValue(forKey: id) else { return nil }
        var outcome = Outcome(.success)
        if case .unknown(let failure) = answer { outcome = failure }
        if outcome.reason == .rateLimited {
            windows[question.observer, default: RequestWindow()]
                .wait(for: outcome.retryAfter ?? Self.limitedWait, from: now.steady)
        }
        var breaker = breakers[question.observer] ?? CircuitBreaker()
        let since = breaker.openSince
        let change = breaker.record(
            outcome, of: id, number: question.number, now: now.steady, policy: policy, jitter: jitter)
        breakers[question.observer] = breaker
        switch change {
        case .none: return (question, nil)
        case .opened: return (question, .endpointDown(question.observer, outcome))
        case .closed:
            return (question, .endpointUp(question.observer, since: now.wall(at: since ?? now.steady)))
        }
    }
}
