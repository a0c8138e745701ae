/// When a number's PIN is due to change. Pure: the time zone's offsets come with the policy.
public enum RotationSchedule {
    /// How soon a window is looked up again whose time zone is unknown.
    static let zoneRetry: Duration = .seconds(3600)

    /// A rotation that is due at an instant, and why.
    public struct Due: Hashable, Sendable {
        public let at: Instant
        public let reason: DecisionReason
    }

    /// How much later than its period a number's rotation comes: a fixed share, 0 to 10 %, by a hash of the number.
    ///
    /// It keeps a fleet that was adopted in one hour from rotating in one hour.
    public static func spread(for number: PhoneNumber, period: Duration) -> Duration {
        let range = period.milliseconds / 10
        guard range > 0 else { return .zero }
        return .milliseconds(Int64(number.stableHash % UInt64(range)))
    }

    /// When the live PIN of generation `generation` is due to change; nil for never.
    ///
    /// An operator-owned PIN changes when its value does, at once. A generated one changes at `rotate_before`, or when
    /// that is ordered, at once, or after `rotate_every` plus the number's spread, inside the rotation window.
    public static func due(
        _ record: NumberRecord, desired: DesiredNumber, generation: Int, operatorPIN: PIN?, policy: Policy, now: Instant
    ) -> Due? {
        guard let live = record.generation(generation) else { return nil }
        if let name = desired.operatorPINName {
            guard let operatorPIN, !live.isOperatorPIN(operatorPIN, named: name) else { return nil }
            return Due(at: now, reason: .operatorPINChanged)
        }
        let forced = [
            desired.rotateBefore.flatMap { live.createdAt < $0 ? Due(at: $0, reason: .rotateBefore) : nil },
            record.orderedRotation.flatMap { ordered in
                guard live.generation <= ordered.through else { return nil }
                // Further ahead than it can be ordered: the clock has been corrected since.
                let latest = now.advanced(by: desired.rotateAfterReveal ?? .zero)
                return Due(at: ordered.at > latest ? now : ordered.at, reason: .rotationOrdered)
            },
        ].compactMap(\.self).min { $0.at < $1.at }
        let scheduled = desired.rotateEvery.map { period in
            let from = record.rotatedAt ?? live.liveFrom ?? live.createdAt
            let due = from.advanced(by: period).advanced(by: spread(for: record.number, period: period))
            return permitted(due, desired: desired, policy: policy, now: now)
        }
        guard let forced, let scheduled else { return forced ?? scheduled }
        return scheduled.at < forced.at ? scheduled : forced
    }

    /// A rotation that its period makes due at `due`, as soon as the window permits it. A window in a time zone that is
    /// unknown permits nothing: the operator has asked for those hours, and any other may be the wrong one.
    private static func permitted(_ due: Instant, desired: DesiredNumber, policy: Policy, now: Instant) -> Due {
        guard let window = desired.rotationWindow else { return Due(at: due, reason: .rotationDue) }
        guard let offsets = policy.zones(window.zone) else {
            guard due <= now else { return Due(at: due, reason: .rotationDue) }
            return Due(at: now.advanced(by: zoneRetry), reason: .zoneUnknown)
        }
        return Due(at: window.nextOpen(from: max(due, now), in: offsets), reason: .rotationDue)
    }
}
