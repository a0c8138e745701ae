/// Notices a wall clock that is behind where it has been before.
///
/// A clock that was set back would make a rotation look fresh, or a fleet look due twice. So while it is behind by more
/// than the tolerance, nothing that exposes a number or changes a PIN starts; a number that is exposed is still enabled.
public struct ClockGuard: Hashable, Sendable {
    /// How far behind is taken for ordinary adjustment.
    public static let tolerance: Duration = .seconds(120)

    /// The latest instant that was ever recorded or seen.
    public private(set) var highWaterMark: Instant

    /// - Parameter highWaterMark: the latest instant in the store; the distant past when there is none.
    public init(highWaterMark: Instant = .distantPast) {
        self.highWaterMark = highWaterMark
    }

    /// Takes note of the clock.
    public mutating func see(_ now: Instant) { highWaterMark = max(highWaterMark, now) }

    /// Whether the clock at `now` is behind by more than the tolerance.
    public func isBehind(at now: Instant) -> Bool {
        now.advanced(by: Self.tolerance) < highWaterMark
    }

    /// The decision about `record`, or a hold instead of a request that waits for the clock.
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
    /// Whether a request with this reason replaces the live PIN by choice, and not out of need.
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
