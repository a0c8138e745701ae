/// The observation of a number at one moment: whether verification is enabled, never with which PIN.
public struct Observation: Hashable, Sendable {
    /// The state or change that was observed. The raw values are those of the store and of events.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Verification is disabled.
        case off
        /// Verification is enabled.
        case on
        /// Another person or program has set a PIN.
        case pinChanged = "pin_changed"

        /// True when verification was enabled at that moment.
        public var isOn: Bool { self != .off }
    }

    public let kind: Kind
    /// The time at which the observer's answer, or the report, arrived.
    public let at: Instant
    /// The source: ``observer``, or the source that the report names; one line.
    public let source: String

    /// The source of observations made through the vendor's API.
    public static let observer = "observer"

    public init(_ kind: Kind, at: Instant, source: String) {
        self.kind = kind
        self.at = at
        self.source = source
    }
}

/// The answer to one read-only request: whether verification is enabled, or why that is not known.
public enum ObserverAnswer: Hashable, Sendable {
    case enabled
    case disabled
    /// The observer could not see the state, for this reason.
    case unknown(Outcome)
}

/// An observation that contradicts the belief: another person or program has changed the number.
public struct Drift: Hashable, Sendable {
    /// The change by others. The raw values are those of metrics, events and the store.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Verification was disabled.
        case turnedOff = "turned_off"
        /// Verification was enabled, with a PIN that is not ours.
        case turnedOn = "turned_on"
        /// Another PIN was set.
        case pinChanged = "pin_changed"

        /// One sentence for operators, without a full stop.
        public var sentence: String {
            switch self {
            case .turnedOff: "another person or program disabled it"
            case .turnedOn: "another person or program enabled it"
            case .pinChanged: "another person or program set a PIN"
            }
        }
    }

    public let kind: Kind
    /// The time of the observation.
    public let at: Instant

    public init(_ kind: Kind, at: Instant) {
        self.kind = kind
        self.at = at
    }
}

/// The observer of a number: a token that may read it, and the endpoint that this token is for.
public struct Observer: Hashable, Sendable {
    public var tokenName: String
    /// The base URL to which the number's ID is appended.
    public var endpoint: Endpoint

    public init(tokenName: String, endpoint: Endpoint) {
        self.tokenName = tokenName
        self.endpoint = endpoint
    }

    /// The account whose limit and breaker its requests belong to.
    public var account: Account { Account(text: "\(endpoint.text) (observer \(tokenName))") }
}

extension DesiredNumber {
    /// The observer, the ID by which it names the number, and the period; nil when the number is not observed.
    public var observation: (observer: Observer, id: PhoneNumberID, every: Duration)? {
        guard let observer, let phoneNumberID, let observeEvery else { return nil }
        return (observer, phoneNumberID, observeEvery)
    }
}

extension NumberRecord {
    /// The state of the observation of a number.
    public struct Observations: Hashable, Sendable {
        /// The newest observation, whether it was evidence or not.
        public var newest: Observation?
        /// The time at which the observer last answered or failed; nil when it is to be asked as soon as its answer is
        /// evidence.
        public var askedAt: Instant?
        /// The reason why the observer's last answer did not show the state; nil when it did.
        public var failure: String?
        /// The last contradiction, until the number is as desired again.
        public var drift: Drift?

        /// The time at which the observer last showed whether verification is enabled; nil when it never did.
        var observerSaw: Instant? {
            if let askedAt, failure == nil { return askedAt }
            return newest.flatMap { $0.source == Observation.observer ? $0.at : nil }
        }

        public init(
            newest: Observation? = nil, askedAt: Instant? = nil, failure: String? = nil, drift: Drift? = nil
        ) {
            self.newest = newest
            self.askedAt = askedAt
            self.failure = failure
            self.drift = drift
        }

        /// Returns a copy in which no instant is later than `instant`.
        func seen(noLaterThan instant: Instant) -> Observations {
            Observations(
                newest: newest.map { Observation($0.kind, at: min($0.at, instant), source: $0.source) },
                askedAt: askedAt.map { min($0, instant) }, failure: failure,
                drift: drift.map { Drift($0.kind, at: min($0.at, instant)) })
        }
    }

    /// Returns the time from which an observer's answer is evidence. An answer may show a state that is older than the
    /// answer by the settle delay. So every request that may have changed the number has to be further back than that:
    /// one that was answered, by the settle delay; one in doubt, by the time in which it may still take effect as well.
    public func evidenceFrom(_ settleDelay: Duration) -> Instant {
        let answered = answeredAt?.advanced(by: settleDelay)
        return [answered, belief.settledAt(settleDelay)?.advanced(by: settleDelay)].compactMap(\.self).max()
            ?? .distantPast
    }

    /// Returns the time at which the observer is to be asked next: after its period, and once after each request, as
    /// soon as its answer is evidence of that request's effect. Nil when the number cannot be observed.
    public func observationDue(_ settleDelay: Duration, now: Instant) -> Instant? {
        guard let observation = desired?.observation else { return nil }
        guard let askedAt = observations.askedAt, isObserved(settleDelay) else { return evidenceFrom(settleDelay) }
        // An instant ahead of the clock, which has been corrected since, counts as now.
        return min(askedAt, now).advanced(by: observation.every)
    }

    /// The change by others that is still to be corrected; nil when the number is as desired, or not managed.
    public var openDrift: Drift? { desired == nil || isAsDesired ? nil : observations.drift }

    /// Returns whether the observer has answered or failed since its answer would be evidence.
    func isObserved(_ settleDelay: Duration) -> Bool {
        observations.askedAt.map { $0 >= evidenceFrom(settleDelay) } ?? false
    }

    /// Returns whether the number can be observed, and its observer has shown nothing for longer than twice its period,
    /// or never.
    public func isUnobserved(at now: Instant) -> Bool {
        guard let observation = desired?.observation else { return false }
        return observations.observerSaw.map { $0.advanced(by: observation.every * 2) < now } ?? true
    }

    /// Returns the record after the observer's answer to a question that was asked at `askedAt`.
    ///
    /// - Parameters:
    ///   - answer: the observer's answer.
    ///   - askedAt: the time at which the question was sent. No request of this number was sent since.
    ///   - now: the time at which the answer arrived.
    ///   - policy: the policy, for its settle delay.
    public func observed(_ answer: ObserverAnswer, askedAt: Instant, now: Instant, policy: Policy) -> NumberRecord {
        var next = self
        next.observations.askedAt = now
        switch answer {
        case .unknown(let outcome): next.observations.failure = outcome.observerSentence
        case .enabled, .disabled:
            next.observations.failure = nil
            let seen = Observation(answer == .enabled ? .on : .off, at: now, source: Observation.observer)
            next.observations.newest = seen
            if askedAt >= evidenceFrom(policy.settleDelay) { next.narrow(to: seen.kind, at: now) }
        }
        return next
    }

    /// Returns the record after a report by a person or a program. It takes effect at once, and only ever adds to the
    /// belief: the report can be late or wrong, and then the earlier belief still holds.
    public func reported(_ observation: Observation, at now: Instant) -> NumberRecord {
        guard desired != nil else { return self }
        var next = self
        next.observations.newest = observation
        // An observer's next answer may be older than the reported change.
        next.answeredAt = now
        let drift = contradiction(by: observation.kind)
        switch observation.kind {
        case .off: next.belief = belief.addingOff()
        case .on: if belief.certainEffect == .off { next.belief = belief.addingForeign() }
        case .pinChanged: next.belief = belief.addingForeign()
        }
        next.conclude(observation.kind, drift, at: now)
        return next
    }

    /// Returns the kind of drift when the belief excluded the observed state; nil when it did not.
    private func contradiction(by kind: Observation.Kind) -> Drift.Kind? {
        switch kind {
        case .off: belief.maybeOff ? nil : .turnedOff
        case .on: belief.certainEffect == .off ? .turnedOn : nil
        case .pinChanged: .pinChanged
        }
    }

    /// Narrows the belief to the observed state, which is evidence here.
    private mutating func narrow(to kind: Observation.Kind, at now: Instant) {
        let drift = contradiction(by: kind)
        let (generations, wasAsDesired) = (belief.generations, isAsDesired)
        belief = belief.narrowed(to: kind)
        setLiveUntil(now, of: generations.filter { !belief.generations.contains($0) })
        // A PIN that was never acknowledged and is certainly live counts as a change all the same: the next rotation
        // creates another.
        if let generation = belief.certainEffect?.generation { markLive(generation, at: now) }
        conclude(kind, drift, at: now)
        if !wasAsDesired, isAsDesired, drift == nil { endFailure() }
    }

    /// Updates the exposure: a number that should be enabled and was seen off is exposed.
    private mutating func conclude(_ kind: Observation.Kind, _ drift: Drift.Kind?, at now: Instant) {
        switch kind {
        case .off:
            lastAccepted = .off
            if desired?.verification == .enabled, cycle == nil {
                cycle = Cycle(since: now, reason: drift == nil ? .enabling : .drift)
            }
        case .on, .pinChanged:
            if lastAccepted == .off { lastAccepted = nil }
        }
        if desired?.verification != .enabled || !belief.maybeOff { cycle = nil }
        if let drift {
            observations.drift = Drift(drift, at: now)
        } else if isAsDesired {
            observations.drift = nil
        }
    }
}

extension EventEntry {
    /// Returns the event of a contradiction that `record` holds and `stored` does not, with the belief, the observation
    /// and its source.
    public static func drift(of record: NumberRecord, since stored: NumberRecord) -> EventEntry? {
        guard let drift = record.observations.drift, drift != stored.observations.drift,
            let seen = record.observations.newest
        else {
            return nil
        }
        return EventEntry(
            at: drift.at, kind: .drift, number: record.number, actor: seen.source,
            detail: "\(drift.kind.sentence): seen \(seen.kind.rawValue) by \(seen.source), believed "
                + stored.belief.elements.joined(separator: " or "), drift: drift.kind)
    }
}

extension Belief {
    /// Returns the belief after an observation that counts as evidence: no request can change the number any longer.
    func narrowed(to kind: Observation.Kind) -> Belief {
        switch kind {
        case .off: Belief(maybeOff: true, maybeForeign: false, generations: [])
        case .on:
            Belief(
                maybeOff: false, maybeForeign: maybeForeign || generations.isEmpty, generations: generations,
                doubts: doubts.filter { $0.effect != .off })
        case .pinChanged: addingForeign()
        }
    }
}

extension Outcome {
    /// The reason why an observer saw nothing, in one line for operators.
    ///
    /// A read-only request leaves nothing behind, so the part of the reason about a possible effect is left out.
    public var observerSentence: String {
        let facts = [httpStatus.map { "HTTP \($0)" }, apiStatus.map { "status \($0)" }, message.map { "\"\($0)\"" }]
            .compactMap(\.self).joined(separator: ", ")
        let cause = reason.sentence.prefix { $0 != ";" }
        return facts.isEmpty ? String(cause) : "\(cause) (\(facts))"
    }
}
