/// How much an accepted enable proves.
public enum EnableProof: String, Hashable, Sendable {
    /// The vendor may accept an enable and ignore its PIN when verification was on: other PINs stay possible.
    case mayBeIgnored
    /// The operator's word: the PIN that was sent is the live one after an acceptance.
    case replaces
}

extension Belief {
    /// The belief to make durable before a request with `effect` is sent at `sentAt`.
    ///
    /// The request counts as doubtful from now on: a crash before its answer leaves exactly this behind.
    public func widened(by effect: Effect, sentAt: Instant) -> Belief {
        Belief(
            maybeOff: maybeOff || effect == .off,
            maybeForeign: maybeForeign,
            generations: generations + (effect.generation.map { [$0] } ?? []),
            doubts: doubtsAdding(effect, since: sentAt)
        )
    }

    /// The belief after an answer. `self` is the belief as it was *before* widening.
    ///
    /// - Parameters:
    ///   - verdict: how the request ended.
    ///   - effect: what the request does.
    ///   - proof: what an accepted enable is worth.
    ///   - sentAt: when the widening was made; doubts that had settled by then are cleared by an acceptance.
    ///   - answeredAt: when the answer, or the lack of one, was seen.
    ///   - settleDelay: how long a doubtful request may still land.
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

    /// The belief with `foreign` added: the store was restored, or the endpoint changed.
    public func addingForeign() -> Belief {
        Belief(maybeOff: maybeOff, maybeForeign: true, generations: generations, doubts: doubts)
    }

    /// The belief that may be `off` as well.
    public func addingOff() -> Belief {
        Belief(maybeOff: true, maybeForeign: maybeForeign, generations: generations, doubts: doubts)
    }

    /// The belief with its doubts since `instant` at the latest: an operator confirmed that the clock was ahead.
    public func withDoubts(noLaterThan instant: Instant) -> Belief {
        Belief(
            maybeOff: maybeOff, maybeForeign: maybeForeign, generations: generations,
            doubts: doubts.map { Doubt(effect: $0.effect, since: min($0.since, instant)) })
    }

    /// The doubts that may still land at `now`.
    public func unsettledDoubts(at now: Instant, settleDelay: Duration) -> [Doubt] {
        doubts.filter { !$0.isSettled(at: now, settleDelay: settleDelay) }
    }

    /// When the last doubt settles; nil when there is no doubt.
    public func settledAt(_ settleDelay: Duration) -> Instant? {
        doubts.map { $0.since.advanced(by: settleDelay) }.max()
    }

    /// Whether every element but `effect` is only there because a request may still land at `now`.
    ///
    /// False when `effect` is not an element, and when there is nothing besides it.
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
    /// Whether the request can no longer land at `now`.
    public func isSettled(at now: Instant, settleDelay: Duration) -> Bool {
        since.advanced(by: settleDelay) <= now
    }
}
