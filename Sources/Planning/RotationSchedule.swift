/// Computes when a number's PIN is due to change. Pure: the time zone's offsets come with the policy.
public enum RotationSchedule {
    /// The wait before a window with an unknown time zone is evaluated again.
    static let zoneRetry: Duration = .seconds(3600)

    /// A rotation that is due at an instant, and its reason.
    public struct Due: Hashable, Sendable {
        /// The next time at which it may be done: after a missed window, in the next one.
        public let at: Instant
        /// The first time at which it could be done, in the first window after it fell due; before `at` when that
        /// window was missed.
        public let since: Instant
        public let reason: DecisionReason
    }

    /// Returns the delay of a number's rotation beyond its period: a fixed share, 0 to 10 %, by a hash of the number.
    ///
    /// It keeps a fleet that was adopted in one hour from rotating in one hour.
    public static func spread(for number: PhoneNumber, period: Duration) -> Duration {
        let range = period.milliseconds / 10
        guard range > 0 else { return .zero }
        return .milliseconds(Int64(number.stableHash % UInt64(range)))
    }

    /// Returns the time at which the live PIN of generation `generation` is due to change; nil for never.
    ///
    /// An operator-owned PIN changes as soon as its value does. A generated one changes at `rotate_before` or as
    /// ordered, outside of any window, or after `rotate_every` plus the number's spread, inside the rotation window.
    public static func due(
        _ record: NumberRecord, desired: DesiredNumber, generation: Int, operatorPIN: PIN?, policy: Policy, now: Instant
    ) -> Due? {
        guard let live = record.generation(generation) else { return nil }
        if let name = desired.operatorPINName {
            guard let operatorPIN, !live.isOperatorPIN(operatorPIN, named: name) else { return nil }
            return Due(at: now, since: now, reason: .operatorPINChanged)
        }
        let forced = [
            desired.rotateBefore.flatMap { live.createdAt < $0 ? Due(at: $0, since: $0, reason: .rotateBefore) : nil },
            record.orderedRotation.flatMap { ordered in
                guard live.generation <= ordered.through else { return nil }
                // Further ahead than an order can be: the clock has been corrected since.
                let latest = now.advanced(by: desired.rotateAfterReveal ?? .zero)
                let at = ordered.at > latest ? now : ordered.at
                return Due(at: at, since: at, reason: .rotationOrdered)
            },
        ].compactMap(\.self).min { $0.at < $1.at }
        let scheduled = desired.rotateEvery.map { period in
            let from = record.rotatedAt ?? live.liveFrom ?? live.createdAt
            let due = from.advanced(by: period).advanced(by: spread(for: record.number, period: period))
            return permitted(due, desired: desired, policy: policy, now: now)
        }
        guard let forced, let scheduled else { return forced ?? scheduled }
        let next = scheduled.at < forced.at ? scheduled : forced
        return Due(at: next.at, since: min(scheduled.since, forced.since), reason: next.reason)
    }

    /// Returns a rotation that its period makes due at `due`, as soon as the window permits it. A window in an unknown
    /// time zone permits nothing: the operator has chosen those hours, and any other may be the wrong one.
    private static func permitted(_ due: Instant, desired: DesiredNumber, policy: Policy, now: Instant) -> Due {
        let unbound = Due(at: due, since: due, reason: .rotationDue)
        guard let window = desired.rotationWindow else { return unbound }
        guard let offsets = policy.zones(window.zone) else {
            guard due <= now else { return unbound }
            return Due(at: now.advanced(by: zoneRetry), since: due, reason: .zoneUnknown)
        }
        let at = window.nextOpen(from: max(due, now), in: offsets)
        return Due(at: at, since: due < now ? window.nextOpen(from: due, in: offsets) : at, reason: .rotationDue)
    }
}
