import Dice
import Planning
import Reconciler

/// The observers, and the others who change numbers.
extension World {
    /// The maximum count of changes by others.
    private static let maxActs = 12

    func prepareObservers() {
        guard observers.isActive else { return }
        scenario.policy.observationsPerMinute = observers.requestsPerMinute
        let chosen = scenario.numbers.filter { _ in observers.random.chance(0.8) }
        file.observe(Set(chosen), every: observers.observeEvery)
        guard observers.kind == .strangers else { return }
        for _ in 0..<observers.random.int(1...Self.maxActs) {
            let at = Milliseconds.random(in: 0..<scenario.duration, using: &observers.random)
            timeline.insert(.stranger, at: at)
        }
    }

    /// Answers a question to the observer, with the state at some time within the settle delay before it, or with a
    /// failure.
    func observe(_ call: ObserverCall) throws {
        counters.observations += 1
        try observers.ask(at: clock.elapsed)
        guard let record = durable[call.number], let desired = record.desired, let account = accounts[call.number]
        else {
            throw Violation(.onlyManagedNumbers, "\(call.number) is observed")
        }
        if requests.values.contains(where: { $0.life == life && $0.landsAt == nil && $0.call.number == call.number }) {
            throw Violation(.housekeeping, "\(call.number) is observed while a request of it is in flight")
        }
        let identity = NumberRecord.Identity(of: desired).naming
        let settleDelay = scenario.policy.settleDelay
        let lag = observers.random.chance(0.6) ? 0 : observers.random.span(0...settleDelay.milliseconds)
        let from = clock.elapsed - lag
        let answer: ObserverAnswer
        if observers.random.chance(healthy == nil ? observers.faultRate : 0) {
            let reasons: [OutcomeReason] = [
                .timeout, .serverError, .connectionRefused, .rateLimited, .authenticationRefused, .vendorRefused,
            ]
            answer = .unknown(Outcome(observers.random.pick(reasons)))
        } else {
            answer = account.isOff(at: from, identity) ? .disabled : .enabled
        }
        let delay = observers.random.chance(0.1) ? observers.random.span(1000...14_000) : observers.random.span(1...200)
        note("observes \(call.number): \(answer), \(lag) ms old")
        let isEvidence = record.evidenceFrom(settleDelay) <= clock.wall
        schedule(.observed(life: life, call, answer, from: isEvidence ? from : nil), after: delay)
    }

    func answer(_ call: ObserverCall, _ answer: ObserverAnswer, from: Milliseconds?) throws {
        // Only an answer that the engine still waits for counts.
        observedLast = nil
        try post(.observed(id: call.id, answer))
        guard let from, observedLast == call.number else { return }
        if case .unknown = answer { return }
        observers.see(call.number, from: from, at: clock.wall)
        if let record = durable[call.number] { observers.store(record) }
    }

    /// Lets another person or program change a number, and perhaps report that, rightly or not.
    func actAsStranger() throws {
        guard healthy == nil else { return }
        let known = scenario.numbers.filter { number in
            accounts[number]?.identity != nil && inForce[number]?.observation != nil
        }
        guard let number = known.randomElement(using: &observers.random), var account = accounts[number] else { return }
        let before = account.truth
        account.change(turnsOff: observers.random.chance(0.6), at: clock.elapsed, using: &observers.random)
        accounts[number] = account
        guard account.truth != before else { return }
        counters.strangers += 1
        note("stranger: \(number) \(before.text) -> \(account.truth.text)")
        observers.change(number, isVisible: (before == .off) != (account.truth == .off), at: clock.elapsed)
        exposure.note(number, isOff: account.truth == .off, term: nil)
        try recordOffTime(of: number, isOursNow: exposure.numbers.contains(number))
        guard observers.random.chance(0.5) else { return }
        let isTrue = observers.random.chance(0.8)
        let kind: Observation.Kind =
            isTrue ? (account.truth == .off ? .off : .pinChanged) : observers.random.pick(Observation.Kind.allCases)
        schedule(.report(life: life, number, kind), after: observers.random.span(1...30 * .minute))
    }

    func report(_ number: PhoneNumber, _ kind: Observation.Kind) throws {
        guard durable[number]?.desired != nil else { return }
        let observation = Observation(kind, at: clock.wall, source: "a person")
        try giveOrder(.observe(observation), .numbers([number]))
    }
}
