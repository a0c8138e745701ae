/// Changes to a record without a request of its own: desired states, orders, and the findings of a start.
///
/// Each rule has one implementation. The store applies it to the row that it has loaded, the engine to its working
/// record, and the exploration, the simulation and `plan` to theirs.
extension NumberRecord {
    /// Returns the record of a number that enters the desired state for the first time.
    public static func new(_ desired: DesiredNumber, at now: Instant) -> NumberRecord {
        NumberRecord(number: desired.number).adopting(desired, at: now)
    }

    /// Returns the record under another desired state, nil for none: backoff and refusals end, and the number is due.
    ///
    /// Under another identity nothing is known of the number, so its belief gains `off` and `foreign`. The identity
    /// changes with the vendor, the endpoint, the ID, or the value of a token that names the number, unless the entry
    /// says that the new value belongs to the same number. A new value of any other token, and a return into the
    /// desired state, cause a re-apply. A number that no longer needs to be enabled is no longer exposed.
    public func adopting(_ newDesired: DesiredNumber?, at now: Instant) -> NumberRecord {
        guard newDesired != desired else { return self }
        var next = self
        if let newDesired {
            switch change(to: newDesired) {
            case .same: break
            case .newToken: next.forgetApplication()
            case .otherNumber:
                next.belief = belief.addingForeign().addingOff()
                next.observations = Observations()
            }
            // An observer with another ID or token may see another number.
            if desired?.observer != newDesired.observer || desired?.phoneNumberID != newDesired.phoneNumberID {
                next.observations = Observations()
            }
            if desired == nil { next.forgetApplication() }
            next.endBackoff()
            next.identity = Identity(of: newDesired)
        }
        next.desired = newDesired
        if newDesired?.verification != .enabled { next.cycle = nil }
        next.becomeDue(at: now)
        return next
    }

    /// Returns the record under an operator's order. A pause or resume of the whole fleet changes the fleet's own
    /// pause; of its numbers it only replans those that have no due instant.
    public func obeying(_ order: Order, toFleet isToFleet: Bool, at now: Instant) -> NumberRecord {
        guard desired != nil else { return self }
        var next = self
        switch order {
        case .pause where isToFleet: return self
        case .resume where isToFleet:
            next.dueAt = dueAt ?? now
            return next
        case .pause(let pause): next.pause = pause
        case .resume: next.pause = nil
        case .rotate(let instant):
            next.orderedRotation = rotation(orderedAt: instant)
            next.impasse = nil
        case .reapply:
            next.forgetApplication()
            next.endBackoff()
        case .reset:
            next.belief = belief.addingForeign().addingOff()
            next.lastAccepted = nil
            next.forgetApplication()
            next.observations.askedAt = nil
            next.endBackoff()
        case .observe(let observation): next = reported(observation, at: now)
        }
        next.becomeDue(at: now)
        return next
    }

    /// Returns the record after the process stopped between the request of `effect` and its answer, or after the answer
    /// could not be recorded: the request may have taken effect, and may still do so.
    public func interrupted(in effect: Effect, at now: Instant) -> NumberRecord {
        var next = self
        next.belief = belief.widened(by: effect, sentAt: now)
        next.setLiveUntil(nil, of: effect.generation.map { [$0] } ?? [])
        next.lastAccepted = nil
        next.refusals = nil
        next.forgetFirstRefusal(after: effect)
        next.attempts += 1
        next.answeredAt = now
        next.becomeDue(at: now)
        return next
    }

    /// Returns the record in a store that was restored from an older copy: requests since the copy are unknown.
    public func restored(at now: Instant) -> NumberRecord {
        var next = self
        next.belief = belief.addingForeign().addingOff()
        next.lastAccepted = nil
        next.observations.askedAt = nil
        next.answeredAt = now
        next.retryAt = nil
        next.becomeDue(at: now)
        return next
    }

    /// Returns the record after an operator confirmed the clock: every instant that an earlier clock put into the
    /// future counts as now.
    public func clockAccepted(at now: Instant) -> NumberRecord {
        func corrected(_ instant: Instant?) -> Instant? { instant.map { min($0, now) } }
        var next = self
        next.belief = belief.withDoubts(noLaterThan: now)
        next.cycle = cycle.map { Cycle(since: min($0.since, now), reason: $0.reason) }
        next.appliedAt = corrected(appliedAt)
        next.reapplyRefusals = reapplyRefusals.map { ReapplyRefusals(count: $0.count, at: min($0.at, now)) }
        next.rotatedAt = corrected(rotatedAt)
        next.answeredAt = corrected(answeredAt)
        next.observations = observations.seen(noLaterThan: now)
        next.recentWrites = recentWrites.map { min($0, now) }
        next.generations = generations.map { $0.made(noLaterThan: now) }
        next.retryAt = retryAt.flatMap { $0 > now ? nil : $0 }
        if let at = impasse?.at { next.impasse?.at = min(at, now) }
        if next != self || dueAt.map({ $0 > now }) ?? false { next.becomeDue(at: now) }
        return next
    }

    /// Returns the record with `foreign` in its belief when a PIN that may be live cannot be unsealed.
    ///
    /// While only a request in doubt may set such a PIN, a reset gains nothing: the doubt has to settle first.
    public func countingUnreadable(at now: Instant, settleDelay: Duration) -> NumberRecord {
        guard !belief.maybeForeign, generations.contains(where: \.isUnreadable) else { return self }
        let doubted = belief.unsettledDoubts(at: now, settleDelay: settleDelay).compactMap(\.effect.generation)
        guard belief.generations.contains(where: { isUnreadable($0) && !doubted.contains($0) }) else { return self }
        var next = self
        next.belief = belief.addingForeign()
        return next
    }

    /// The change that an entry makes to the number that requests reach.
    public enum IdentityChange: Hashable, Sendable {
        /// No known change.
        case same
        /// The token has another value, and the number is the same.
        case newToken
        /// Requests may reach another number.
        case otherNumber
    }

    /// Returns the change that `entry` makes to the number that requests reach. A first known token value is not a new
    /// one.
    public func change(to entry: DesiredNumber) -> IdentityChange {
        guard let identity else { return .same }
        let named = Identity(of: entry)
        guard identity.vendor == named.vendor, identity.endpoint == named.endpoint,
            identity.phoneNumberID == named.phoneNumberID
        else { return .otherNumber }
        guard let known = identity.tokenMark, let mark = named.tokenMark, known != mark else { return .same }
        return entry.vendor.capabilities.tokenNamesNumber && entry.onNewToken == .reset ? .otherNumber : .newToken
    }

    /// Returns the rotation of the newest PIN at `instant`, or at the earlier of two instants for the same PIN. A
    /// reveal, whose rotation is in the future, thus defers neither an ordered rotation nor that of an earlier reveal.
    private func rotation(orderedAt instant: Instant) -> OrderedRotation {
        let newest = generations.last?.generation ?? 0
        guard let known = orderedRotation, newest <= known.through else {
            return OrderedRotation(through: newest, at: instant)
        }
        return OrderedRotation(through: known.through, at: min(known.at, instant))
    }

    /// Makes the desired state due to be sent again.
    private mutating func forgetApplication() {
        appliedAt = nil
        reapplyRefusals = nil
    }

    private mutating func endBackoff() {
        retryAt = nil
        attempts = 0
        refusals = nil
        impasse = nil
        lastFailure = nil
    }

    /// Makes a managed number due. An unmanaged number is never due.
    private mutating func becomeDue(at now: Instant) {
        dueAt = desired == nil ? nil : now
    }
}

extension Flight {
    /// Returns the request under another desired state of its number.
    public func adopting(_ desired: DesiredNumber?, at now: Instant) -> Flight {
        var next = self
        if let desired, before.change(to: desired) == .otherNumber { next.isSuperseded = true }
        next.before = before.adopting(desired, at: now)
        return next
    }

    /// Returns the request under an order for its number.
    public func obeying(_ order: Order, toFleet isToFleet: Bool, at now: Instant) -> Flight {
        var next = self
        next.before = before.obeying(order, toFleet: isToFleet, at: now)
        if case .observe = order { next.isContradicted = true }
        return next
    }
}
