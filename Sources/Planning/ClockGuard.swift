/// Detects a wall clock that is behind an instant which it has already shown.
///
/// A clock that was set back would make a rotation look fresh, or a fleet look due twice. So while it is behind by more
/// than the tolerance, nothing that exposes a number or changes a PIN starts; a number that is exposed is still
/// enabled.
public struct ClockGuard: Hashable, Sendable {
    /// The lag that counts as ordinary adjustment.
    public static let tolerance: Duration = .seconds(120)

    /// The latest instant that was ever recorded or seen.
    public private(set) var highWaterMark: Instant

    /// - Parameter highWaterMark: the latest instant in the store; the distant past for an empty store.
    public init(highWaterMark: Instant = .distantPast) {
        self.highWaterMark = highWaterMark
    }

    /// Records the time that the clock shows.
    public mutating func see(_ now: Instant) { highWaterMark = max(highWaterMark, now) }

    /// Returns whether the clock at `now` is behind by more than the tolerance.
    public func isBehind(at now: Instant) -> Bool {
        now.advanced(by: Self.tolerance) < highWaterMark
    }

    /// Returns the decision about `record`, or a hold in place of a request that has to wait for the clock.
    public func permit(_ decision: Decision, for record: NumberRecord, at now: Instant) -> Decision {
        if case .observe(let reason, let otherwise) = decision {
            return .observe(because: reason, otherwise: permit(otherwise, for: record, at: now))
        }
        guard case .send(let request, let reason) = decision, isBehind(at: now) else { return decision }
        // The enable that ends a cycle carries the cycle's reason, and never waits.
        guard request.startsCycle || (reason.changesPIN && record.cycle == nil) else { return decision }
        return .hold(until: highWaterMark.advanced(by: .zero - Self.tolerance), because: .clockBehind)
    }
}

extension DecisionReason {
    /// True when a request with this reason replaces the live PIN by choice rather than out of need.
    var changesPIN: Bool {
        switch self {
        case .rotationDue, .rotateBefore, .rotationOrdered, .operatorPINChanged, .adopting, .adoptingOperatorPIN: true
        case .unmanaged, .converged, .awaitingSettlement, .enabling, .disabling, .ambiguousPIN, .foreignPIN,
            .reapplyDue, .oppositeAfterRefusal, .backingOff, .authenticationRefused, .balanceRefused, .writeBudget,
            .exposureBudget, .endpointLimit, .endpointDown, .paused, .operatorPINUnavailable, .clockBehind,
            .zoneUnknown, .stopping,
            .disableRefused, .drift, .observing, .unreadableRecord:
            false
        }
    }
}
