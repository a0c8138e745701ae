/// A request in flight, and the record as it was before the belief was widened for it.
public struct Flight: Hashable, Sendable {
    /// The ID of the request in the history.
    public let changeID: Int64
    public let request: PlannedRequest
    public let reason: DecisionReason
    public let effect: Effect
    public let sentAt: Instant
    /// The record before widening, with the generation of this request already in it.
    public var before: NumberRecord
    /// The entry that the request was sent under; nil only when the number has none.
    public let entry: DesiredNumber?
    /// The account that the request belongs to; nil only when the number has no entry.
    public let account: Account?
    /// True when the number's entry has named another identity since. The result of this request concerns the old one.
    public var isSuperseded = false
    /// True when a report about the number arrived while the request was in flight. Its effect may have been undone
    /// since.
    public var isContradicted = false

    public init(
        changeID: Int64, request: PlannedRequest, reason: DecisionReason, effect: Effect, sentAt: Instant,
        before: NumberRecord
    ) {
        self.changeID = changeID
        self.request = request
        self.reason = reason
        self.effect = effect
        self.sentAt = sentAt
        self.before = before
        entry = before.desired
        account = before.desired.map(Account.init(of:))
    }
}

/// A record prepared for a request.
public struct Departure: Hashable, Sendable {
    /// The widened record, to be committed before the request is sent.
    public var record: NumberRecord
    public let flight: Flight
    /// The generation created for this request, to be inserted with it; nil for none.
    public let newGeneration: PINGeneration?
}

extension NumberRecord {
    /// True when the number should be enabled, and is disabled as far as is known.
    public var isExposed: Bool {
        guard desired?.verification == .enabled, belief.maybeOff else { return false }
        if belief.certainEffect == .off { return true }
        guard cycle != nil else { return false }
        if case .on = lastAccepted { return false }
        return true
    }

    /// True when the belief is exactly the desired state.
    public var isAsDesired: Bool {
        switch (desired?.verification, belief.certainEffect) {
        case (.enabled, .on), (.disabled, .off): true
        case (.enabled, .off), (.disabled, .on), (nil, _), (_, nil): false
        }
    }

    /// Returns the record widened for `request`, which is about to be sent at `now`.
    public func departing(
        with request: PlannedRequest, because reason: DecisionReason, changeID: Int64, now: Instant,
        random: inout some RandomNumberGenerator
    ) -> Departure {
        let made = newGeneration(for: request.content, now: now, random: &random)
        var before = self
        if let made { before.generations.append(made) }
        let effect: Effect
        switch request.content {
        case .disable: effect = .off
        case .enable(let generation): effect = .on(generation)
        case .enableNew, .enableOperatorPIN:
            guard let made else { preconditionFailure("an enable with a new PIN makes a generation") }
            effect = .on(made.generation)
        }
        var widened = before
        widened.belief = belief.widened(by: effect, sentAt: now)
        widened.lastAccepted = nil
        widened.recentWrites = Array((recentWrites + [now]).suffix(WriteBudget.remembered))
        widened.setLiveUntil(nil, of: effect.generation.map { [$0] } ?? [])
        let wasOff = cycle == nil && belief.certainEffect == .off && effect != .off
        if desired?.verification == .enabled, request.startsCycle || wasOff {
            widened.cycle = Cycle(since: now, reason: reason)
        }
        let flight = Flight(
            changeID: changeID, request: request, reason: reason, effect: effect, sentAt: now, before: before
        )
        return Departure(record: widened, flight: flight, newGeneration: made)
    }

    /// Returns the record after a request ended. `self` is the widened record; `jitter`, uniform in 0..<1, is for the
    /// backoff.
    public func arriving(
        from flight: Flight, with outcome: Outcome, now: Instant, policy: Policy, jitter: Double
    ) -> NumberRecord {
        var next = self
        // An acceptance under an identity that the entry has left proves nothing about the new identity. An acceptance
        // of a request during which others changed the number proves nothing about their change.
        let provesNothing = (flight.isSuperseded || flight.isContradicted) && outcome.verdict == .accepted
        next.belief = flight.before.belief.narrowed(
            by: provesNothing ? .refused : outcome.verdict, of: flight.effect, proof: flight.request.proof,
            sentAt: flight.sentAt, answeredAt: now, settleDelay: policy.settleDelay
        )
        switch outcome.verdict {
        case .accepted where provesNothing: break
        case .accepted: next.recordAcceptance(of: flight, now: now)
        case .noEffect:
            next.lastAccepted = flight.before.lastAccepted
            next.cycle = flight.before.cycle
            next.generations = flight.before.generations
            if outcome.reason.neverSent { next.recentWrites = flight.before.recentWrites }
        case .refused:
            if flight.before.lastAccepted == flight.effect { next.lastAccepted = flight.effect }
            // A refused disable exposes no number.
            if flight.effect == .off { next.cycle = flight.before.cycle }
        case .inDoubt: break
        }
        if outcome.verdict != .noEffect {
            next.answeredAt = now
            next.setLiveUntil(now, of: belief.generations.filter { !next.belief.generations.contains($0) })
        }
        if desired?.verification != .enabled || !next.belief.maybeOff { next.cycle = nil }
        if outcome.verdict != .accepted {
            next.recordFailure(of: flight, outcome, now: now, policy: policy, jitter: jitter)
        } else if next.isAsDesired {
            next.endFailure()
        }
        return next
    }

    /// Clears the failure and the drift: the number has become as desired.
    mutating func endFailure() {
        attempts = 0
        retryAt = nil
        lastFailure = nil
        lastError = nil
        observations.drift = nil
    }

    private func newGeneration(
        for content: PlannedRequest.Content, now: Instant, random: inout some RandomNumberGenerator
    ) -> PINGeneration? {
        let next = (generations.map(\.generation).max() ?? 0) + 1
        switch content {
        case .disable, .enable: return nil
        case .enableNew:
            let recent = generations.suffix(PINGenerator.remembered).compactMap(\.pin)
            let pin = PINGenerator.make(for: number, recent: recent, using: &random)
            return PINGeneration(generation: next, pin: pin, origin: .generated, createdAt: now)
        case .enableOperatorPIN(let pin, let name):
            return PINGeneration(generation: next, pin: pin, origin: .operator(name: name), createdAt: now)
        }
    }

    private mutating func recordAcceptance(of flight: Flight, now: Instant) {
        let effect = flight.effect
        lastAccepted = effect
        refusals = nil
        retryAt = nil
        impasse?.refusesBoth = false
        if effect == .off {
            impasse = nil
        } else if desired?.verification == .disabled {
            spendOpposite(at: now)
        }
        if effect.action == (desired?.verification == .disabled ? .disable : .enable) {
            appliedAt = now
            reapplyRefusals = nil
        }
        guard let generation = effect.generation else { return }
        // A PIN that was replaced and is set again counts as a change as well: an operator's old value, for instance.
        markLive(generation, wasGone: flight.before.generation(generation)?.liveUntil != nil, at: now)
    }

    /// Records that the PIN of a generation is certainly live. It counts as a rotation the first time, and when another
    /// PIN was live since.
    mutating func markLive(_ generation: Int, wasGone: Bool = false, at now: Instant) {
        guard let index = generations.firstIndex(where: { $0.generation == generation }) else { return }
        if generations[index].liveFrom == nil || wasGone { rotatedAt = now }
        generations[index].liveFrom = generations[index].liveFrom ?? now
    }

    private mutating func recordFailure(
        of flight: Flight, _ outcome: Outcome, now: Instant, policy: Policy, jitter: Double
    ) {
        lastError = outcome.sentence(for: flight.effect.action, under: flight.entry)
        if outcome.verdict == .refused, flight.reason == .reapplyDue {
            // Some vendors refuse a request for the state that already holds, others a request that they do not
            // support. The belief is unchanged, nothing was applied, and the refusals are counted.
            reapplyRefusals = ReapplyRefusals(count: (reapplyRefusals?.count ?? 0) + 1, at: now)
            retryAt = nil
            return
        }
        switch outcome.verdict {
        case .refused: recordRefusal(of: flight, now: now)
        case .inDoubt: forgetFirstRefusal(after: flight.effect)
        case .accepted, .noEffect: break
        }
        let blocks = lastFailure == .tooManyAttempts ? attempts + 1 : 1
        lastFailure = outcome.reason
        attempts += 1
        // A delay or block under an identity that the entry has left no longer concerns the number.
        let delay =
            outcome.reason == .tooManyAttempts && !flight.isSuperseded
            ? RetrySchedule.block(attempts: blocks, jitter: jitter)
            : RetrySchedule.delay(
                attempts: attempts, exposed: isExposed, policy: policy, jitter: jitter,
                retryAfter: flight.isSuperseded ? nil : outcome.retryAfter)
        retryAt = now.advanced(by: delay)
    }

    /// Counts a refusal.
    private mutating func recordRefusal(of flight: Flight, now: Instant) {
        // A refusal under an identity that the entry has left no longer concerns the number.
        guard !flight.isSuperseded else { return }
        let action = flight.effect.action
        let earlier = refusals.flatMap { $0.action == action ? $0.count : nil } ?? 0
        refusals = Refusals(action: action, count: earlier + 1)
        var found = impasse ?? Impasse(at: now)
        var isSign = flight.reason == .oppositeAfterRefusal
        switch action {
        case .disable:
            // After an accepted enable only a disable without an answer can have turned verification off. Refusals
            // cannot: after the first one the number is as certainly on as before.
            var wasOn = !flight.before.belief.maybeOff
            if case .on = flight.before.lastAccepted { wasOn = true }
            let isStillOn = found.disablesRefusedWhenOn > 0 && earlier > 0
            if wasOn || isStillOn {
                found.disablesRefusedWhenOn = min(2, found.disablesRefusedWhenOn + 1)
                isSign = true
            } else if found.isOppositeSpent {
                isSign = true
            }
            if flight.reason == .oppositeAfterRefusal { found.refusesBoth = true }
        case .enable:
            if flight.reason == .oppositeAfterRefusal || found.refusesDisable {
                found.refusesBoth = true
                isSign = true
            }
            if desired?.verification == .disabled { found.isOppositeSpent = true }
        }
        if isSign { found.at = now }
        if isSign || impasse != nil || found.isOppositeSpent { impasse = found }
    }

    /// Resets the count of refused disables after a disable that may have been carried out: the number is no longer
    /// certainly on.
    mutating func forgetFirstRefusal(after effect: Effect) {
        if effect == .off, impasse?.refusesDisable == false { impasse?.disablesRefusedWhenOn = 0 }
    }

    private mutating func spendOpposite(at now: Instant) {
        var found = impasse ?? Impasse(at: now)
        found.isOppositeSpent = true
        impasse = found
    }

    mutating func setLiveUntil(_ instant: Instant?, of changed: [Int]) {
        for index in generations.indices where changed.contains(generations[index].generation) {
            generations[index].liveUntil = instant
        }
    }

    /// Returns the generations whose stored state differs between `old` and this record, ascending.
    public func generationsTouched(since old: NumberRecord) -> [Int] {
        let doubted: (NumberRecord) -> [Int: Instant] = { record in
            var since: [Int: Instant] = [:]
            for doubt in record.belief.doubts {
                if let generation = doubt.effect.generation { since[generation] = doubt.since }
            }
            return since
        }
        let (doubtsNow, doubtsThen) = (doubted(self), doubted(old))
        return generations.filter { generation in
            let key = generation.generation
            return belief.generations.contains(key) != old.belief.generations.contains(key)
                || doubtsNow[key] != doubtsThen[key] || old.generation(key) != generation
        }.map(\.generation)
    }
}

extension Outcome {
    /// Returns the failure in one line for operators, with advice on the token when it was refused.
    ///
    /// - Parameters:
    ///   - action: the action of the request that failed.
    ///   - entry: the entry that it was sent under, when it is known.
    public func sentence(for action: VendorAction, under entry: DesiredNumber? = nil) -> String {
        let status = [httpStatus.map { "HTTP \($0)" }, apiStatus.map { "status \($0)" }].compactMap { $0 }
        let facts = (status + (message.map { ["\"\($0)\""] } ?? [])).joined(separator: ", ")
        let ending = facts.isEmpty ? "" : " (\(facts))"
        switch reason {
        case .authenticationRefused:
            let name = entry.map { " \"\($0.tokenName)\"" } ?? ""
            let advice =
                entry.map { "\($0.vendor.capabilities.tokenAdvice) \($0.endpoint.text)" }
                ?? "check its value, and what it is restricted to"
            return "\(action.rawValue): \(reason.sentence)\(name)\(ending): \(advice); then `twostepd reload`"
        case .balanceRefused:
            let name = entry.map { " of token \"\($0.tokenName)\"" } ?? ""
            return "\(action.rawValue): \(reason.sentence)\(name)\(ending)"
        default: return "\(action.rawValue): \(reason.sentence)\(ending)"
        }
    }
}
