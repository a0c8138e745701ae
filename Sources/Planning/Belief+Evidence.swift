/// The proof that an accepted enable gives.
public enum EnableProof: String, Hashable, Sendable {
    /// The vendor may accept an enable and ignore its PIN when verification was already on: other PINs stay possible.
    case mayBeIgnored
    /// An accepted enable makes its PIN the live one, as the vendor documents or the operator has confirmed.
    case replaces
}

extension Belief {
    /// Returns the belief to commit before a request with `effect` is sent at `sentAt`.
    ///
    /// The request counts as in doubt from here on, which is exactly the state that a crash before its answer leaves
    /// behind.
    public func widened(by effect: Effect, sentAt: Instant) -> Belief {
        Belief(
            maybeOff: maybeOff || effect == .off,
            maybeForeign: maybeForeign,
            generations: generations + (effect.generation.map { [$0] } ?? []),
            doubts: doubtsAdding(effect, since: sentAt)
        )
    }

    /// Returns the belief after an answer. `self` is the belief as it was *before* widening.
    ///
    /// - Parameters:
    ///   - verdict: the verdict on the request.
    ///   - effect: the effect of the request.
    ///   - proof: the proof that an accepted enable gives.
    ///   - sentAt: the time of the widening; an acceptance clears the doubts that had settled by then.
    ///   - answeredAt: the time at which the answer, or the lack of one, was seen.
    ///   - settleDelay: the time for which a request in doubt may still take effect.
    public func narrowed(
        by verdict: Verdict, of effect: Effect, proof: EnableProof, sentAt: Instant, answeredAt: Instant,
        settleDelay: Duration
    ) -> Belief {
        switch verdict {
        case .noEffect:
            return self
        case .refused:
            let widened = widened(by: effect, sentAt: sentAt)
            return Belief(
                maybeOff: widened.maybeOff, maybeForeign: widened.maybeForeign, generations: widened.generations,
                doubts: doubts
            )
        case .inDoubt:
            let widened = widened(by: effect, sentAt: sentAt)
            return Belief(
                maybeOff: widened.maybeOff, maybeForeign: widened.maybeForeign, generations: widened.generations,
                doubts: doubtsAdding(effect, since: max(sentAt, answeredAt))
            )
        case .accepted:
            let standing = doubts.filter { !$0.isSettled(at: sentAt, settleDelay: settleDelay) }
            let ignorable = effect != .off && proof == .mayBeIgnored
            return Belief(
                maybeOff: effect == .off || standing.contains { $0.effect == .off },
                maybeForeign: ignorable && maybeForeign,
                generations: (effect.generation.map { [$0] } ?? []) + (ignorable ? generations : [])
                    + standing.compactMap(\.effect.generation),
                doubts: standing
            )
        }
    }

    /// Returns the belief with `foreign` added, for a restored store or a changed identity.
    public func addingForeign() -> Belief {
        Belief(maybeOff: maybeOff, maybeForeign: true, generations: generations, doubts: doubts)
    }

    /// Returns the belief with `off` added.
    public func addingOff() -> Belief {
        Belief(maybeOff: true, maybeForeign: maybeForeign, generations: generations, doubts: doubts)
    }

    /// Returns the belief with no doubt later than `instant`, after an operator confirmed that the clock was ahead.
    public func withDoubts(noLaterThan instant: Instant) -> Belief {
        Belief(
            maybeOff: maybeOff, maybeForeign: maybeForeign, generations: generations,
            doubts: doubts.map { Doubt(effect: $0.effect, since: min($0.since, instant)) })
    }

    /// Returns the doubts whose requests may still take effect at `now`.
    public func unsettledDoubts(at now: Instant, settleDelay: Duration) -> [Doubt] {
        doubts.filter { !$0.isSettled(at: now, settleDelay: settleDelay) }
    }

    /// Returns the time at which the last doubt settles; nil when there is no doubt.
    public func settledAt(_ settleDelay: Duration) -> Instant? {
        doubts.map { $0.since.advanced(by: settleDelay) }.max()
    }

    /// Returns whether every element but `effect` is only there because a request may still take effect at `now`.
    ///
    /// False when `effect` is not an element, and when it is the only one.
    public func isOnlyDoubted(besides effect: Effect, at now: Instant, settleDelay: Duration) -> Bool {
        guard contains(effect), !maybeForeign, !isCertain else { return false }
        let standing = unsettledDoubts(at: now, settleDelay: settleDelay).map(\.effect)
        let others = (maybeOff ? [Effect.off] : []) + generations.map(Effect.on)
        return others.allSatisfy { $0 == effect || standing.contains($0) }
    }

    private func doubtsAdding(_ effect: Effect, since instant: Instant) -> [Doubt] {
        let earlier = doubts.first { $0.effect == effect }
        let since = earlier.map { max($0.since, instant) } ?? instant
        return doubts.filter { $0.effect != effect } + [Doubt(effect: effect, since: since)]
    }
}

extension Belief.Doubt {
    /// Returns whether the request can no longer take effect at `now`.
    public func isSettled(at now: Instant, settleDelay: Duration) -> Bool {
        since.advanced(by: settleDelay) <= now
    }
}
