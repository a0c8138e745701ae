import Planning

/// Values for the tests of the core.
enum Fixture {
    /// 2026-01-01T00:00:00Z, a Thursday.
    static let now = Instant(millisecondsSinceEpoch: 1_767_225_600_000)
    static let number = phone("+15550100001")
    static let day: Duration = .seconds(86_400)

    static func phone(_ text: String) -> PhoneNumber {
        guard let number = PhoneNumber(text) else { preconditionFailure("\(text) is E.164") }
        return number
    }

    static func pin(_ digits: String) -> PIN {
        guard let pin = PIN(digits: digits) else { preconditionFailure("six digits") }
        return pin
    }

    static func instant(_ text: String) -> Instant {
        guard let instant = Instant(text) else { preconditionFailure("\(text) is RFC 3339") }
        return instant
    }

    /// The monotonic clock at ``now``, and `duration` later.
    static let steadyNow = SteadyInstant(milliseconds: 9_000_000)
    static func steadyLater(_ duration: Duration) -> SteadyInstant { steadyNow.advanced(by: duration) }

    static func ago(_ duration: Duration) -> Instant { now.advanced(by: .zero - duration) }
    static func later(_ duration: Duration) -> Instant { now.advanced(by: duration) }

    static func desired(
        _ verification: Verification = .enabled, _ method: RotationMethod = .reset, operatorPINName: String? = nil
    ) -> DesiredNumber {
        DesiredNumber(
            number: number, tokenName: "support", verification: verification, rotateEvery: .seconds(90 * 86_400),
            reapplyEvery: day, rotationMethod: method, operatorPINName: operatorPINName
        )
    }

    static func generation(
        _ generation: Int, pin: String? = nil, origin: PINGeneration.Origin = .generated, createdAt: Instant = now,
        liveFrom: Instant? = now
    ) -> PINGeneration {
        PINGeneration(
            generation: generation, pin: Self.pin(pin ?? "40\(7310 + generation)"), origin: origin,
            createdAt: createdAt, liveFrom: liveFrom
        )
    }

    /// Returns a record with this belief and matching live generations, applied just now.
    static func record(
        _ desired: DesiredNumber?, _ belief: Belief, appliedAt: Instant? = now, rotatedAt: Instant? = now
    ) -> NumberRecord {
        NumberRecord(
            number: number, desired: desired, belief: belief, generations: belief.generations.map { generation($0) },
            appliedAt: appliedAt, rotatedAt: rotatedAt
        )
    }

    static let off = Belief(maybeOff: true, maybeForeign: false, generations: [])
    static let foreign = Belief(maybeOff: false, maybeForeign: true, generations: [])

    static func on(_ generations: Int..., off: Bool = false, foreign: Bool = false, doubts: [Belief.Doubt] = [])
        -> Belief
    {
        Belief(maybeOff: off, maybeForeign: foreign, generations: generations, doubts: doubts)
    }

    /// Returns a doubt of this age.
    static func doubt(_ effect: Effect, _ age: Duration = .seconds(1)) -> Belief.Doubt {
        Belief.Doubt(effect: effect, since: ago(age))
    }

    static func decide(
        _ record: NumberRecord, operatorPIN: PIN? = nil, policy: Policy = Policy(), now: Instant = now
    ) -> Decision {
        Planner.decide(record, operatorPIN: operatorPIN, policy: policy, now: now)
    }
}
