/// Decides what to do about one number: the design's table as a pure function.
///
/// It gathers nothing and does nothing. Limits that concern more than one number (exposure, endpoint rate, concurrency)
/// are the engine's.
public enum Planner {
    /// The decision for `record` at `now`.
    ///
    /// - Parameters:
    ///   - record: what is wanted and believed.
    ///   - operatorPIN: the value of the operator-owned PIN that the entry names, when it can be read.
    ///   - fleetPause: the pause of all numbers, if there is one.
    ///   - policy: the limits and times to obey.
    ///   - now: the wall clock.
    public static func decide(
        _ record: NumberRecord, operatorPIN: PIN? = nil, fleetPause: Pause? = nil, policy: Policy, now: Instant
    ) -> Decision {
        var decision = unpaused(record, operatorPIN: operatorPIN, policy: policy, now: now)
        for pause in [record.pause, fleetPause].compactMap({ $0 }) {
            decision = pause.permit(decision, for: record)
        }
        return decision
    }

    private static func unpaused(
        _ record: NumberRecord, operatorPIN: PIN?, policy: Policy, now: Instant
    ) -> Decision {
        guard let desired = record.desired else { return .idle(until: nil, because: .unmanaged) }
        let situation = Situation(
            record: record, desired: desired, operatorPIN: operatorPIN, policy: policy, now: now
        )
        switch situation.wanted() {
        case .idle(let until, let reason): return .idle(until: until, because: reason)
        case .hold(let until, let reason): return .hold(until: until, because: reason)
        case .send(let request, let reason): return permitted(request, reason, record: record, policy: policy, now: now)
        }
    }

    /// The request, unless a limit of this one number says to wait.
    private static func permitted(
        _ request: PlannedRequest, _ reason: DecisionReason, record: NumberRecord, policy: Policy, now: Instant
    ) -> Decision {
        if let retryAt = record.retryAt, retryAt > now, retryAt <= now.advanced(by: record.longestRetry(under: policy))
        {
            return .hold(until: retryAt, because: record.lastFailure?.holdReason ?? .backingOff)
        }
        let limit = record.isExposed ? policy.writesPerHourExposed : policy.writesPerHour
        if let until = WriteBudget.blockedUntil(
            writes: record.recentWrites, limit: limit, isPaced: record.isExposed, now: now)
        {
            return .hold(until: until, because: .writeBudget)
        }
        return .send(request, reason)
    }
}

/// One number at one instant: the rows of the design's table, in order.
struct Situation {
    let record: NumberRecord
    let desired: DesiredNumber
    let operatorPIN: PIN?
    let policy: Policy
    let now: Instant

    /// The belief, with a live PIN that cannot be unsealed counted as foreign.
    private let belief: Belief

    init(record: NumberRecord, desired: DesiredNumber, operatorPIN: PIN?, policy: Policy, now: Instant) {
        self.record = record
        self.desired = desired
        self.operatorPIN = operatorPIN
        self.policy = policy
        self.now = now
        belief = record.countingUnreadable(at: now, settleDelay: policy.settleDelay).belief
    }

    /// Our PINs that may be live and that a request can carry, ascending.
    private var usable: [Int] { belief.generations.filter { !record.isUnreadable($0) } }

    /// What the table asks for, before any limit.
    func wanted() -> Decision {
        switch desired.verification {
        case .disabled: wantedDisabled()
        case .enabled: wantedEnabled()
        }
    }

    // MARK: Rows for a number that should be disabled

    private func wantedDisabled() -> Decision {
        if belief.certainEffect == .off {
            let due = reapplyDue
            guard let due, due <= now else { return .idle(until: due, because: .converged) }
            return .send(disable(startsCycle: false), .reapplyDue)
        }
        if let settled = awaitedSettlement(of: .off) { return settled }
        return unlessRefused(disable(startsCycle: false), .disabling)
    }

    // MARK: Rows for a number that should be enabled

    private func wantedEnabled() -> Decision {
        if isVouchedFor { return vouched() }
        if belief.isCertain, let generation = belief.generations.first { return steady(generation) }
        if let generation = record.likeliestGeneration, let settled = awaitedSettlement(of: .on(generation)) {
            return settled
        }
        if belief.maybeForeign || belief.generations.count > 1 { return ambiguous() }
        let reason = record.cycle?.reason ?? .enabling
        if let generation = usable.first {
            // A PIN that was live before is put back: whatever the cycle was for has not been done.
            let isNew = record.generation(generation)?.liveFrom == nil
            return unlessRefused(enable(.enable(generation: generation)), isNew ? reason : .enabling)
        }
        guard let content = nextPIN else { return .hold(until: nil, because: .operatorPINUnavailable) }
        return unlessRefused(enable(content), reason)
    }

    /// Nothing was ever accepted for this number, and the operator names its PIN.
    ///
    /// The operator's word is about that PIN alone: once another of ours may be live, because the value changed before
    /// it was accepted, a vendor that ignores a second enable would make the word untrue.
    private var isVouchedFor: Bool {
        guard let name = desired.operatorPINName, record.appliedAt == nil, record.lastAccepted == nil,
            record.cycle == nil, belief.maybeForeign
        else { return false }
        return belief.generations.allSatisfy { generation in
            guard let known = record.generation(generation) else { return false }
            return known.isOperatorPIN(operatorPIN, named: name)
        }
    }

    private func vouched() -> Decision {
        guard operatorPIN != nil, let content = nextPIN else {
            return .hold(until: nil, because: .operatorPINUnavailable)
        }
        return unlessRefused(PlannedRequest(content, proof: .replaces), .adoptingOperatorPIN)
    }

    /// Certainly enabled with our PIN: rotate, re-apply, or wait for whichever is first.
    private func steady(_ generation: Int) -> Decision {
        if record.isUnreadable(generation) { return .idle(until: settledAt, because: .awaitingSettlement) }
        let reapply = reapplyDue
        var rotation = RotationSchedule.due(
            record, desired: desired, generation: generation, operatorPIN: operatorPIN, policy: policy, now: now
        )
        if let due = rotation, let settled = settledAt, settled > now {
            rotation = RotationSchedule.Due(at: max(due.at, settled), reason: due.reason)
        }
        if let rotation, rotation.at <= now { return rotate(because: rotation.reason) }
        if let reapply, reapply <= now { return .send(enable(.enable(generation: generation)), .reapplyDue) }
        return .idle(until: [reapply, rotation?.at].compactMap { $0 }.min(), because: .converged)
    }

    private func rotate(because reason: DecisionReason) -> Decision {
        switch desired.rotationMethod {
        case .reset:
            return unlessRefused(disable(startsCycle: true), reason)
        case .replace:
            guard let content = nextPIN else { return .hold(until: nil, because: .operatorPINUnavailable) }
            return unlessRefused(enable(content), reason)
        }
    }

    /// A foreign PIN may be live, or one of several of ours.
    private func ambiguous() -> Decision {
        let firstContact = record.appliedAt == nil && record.lastAccepted == nil
        let reason: DecisionReason =
            ourCycle?.reason
            ?? (belief.maybeForeign ? (firstContact ? .adopting : .foreignPIN) : .ambiguousPIN)
        switch desired.rotationMethod {
        case .reset:
            return unlessRefused(disable(startsCycle: !holdsPlace), reason)
        case .replace:
            guard let content = newestPIN else { return .hold(until: nil, because: .operatorPINUnavailable) }
            return unlessRefused(enable(content), reason)
        }
    }

    // MARK: Parts of rows

    /// The cycle that we began. A number that was off before it was to be enabled may be on by now, so that to disable it
    /// begins one.
    private var ourCycle: NumberRecord.Cycle? {
        record.cycle.flatMap { $0.isOurs ? $0 : nil }
    }

    /// Whether the number is exposed by us already, so that to disable it exposes nobody else. One that is enabled, and
    /// waits only for a doubt, holds no such place.
    private var holdsPlace: Bool { ourCycle != nil && record.place(fleetPause: nil) != .unsettled }

    /// The request, or its opposite when it was refused twice in a row.
    private func unlessRefused(_ request: PlannedRequest, _ reason: DecisionReason) -> Decision {
        guard let refusals = record.refusals, refusals.action == request.action, refusals.count >= 2 else {
            return .send(request, reason)
        }
        switch request.action {
        case .enable:
            let exposes = desired.verification == .enabled && !holdsPlace
            return .send(disable(startsCycle: exposes), .oppositeAfterRefusal)
        case .disable:
            guard let content = newestPIN else { return .hold(until: nil, because: .operatorPINUnavailable) }
            return .send(enable(content), .oppositeAfterRefusal)
        }
    }

    /// Idle when `effect` was accepted last and whatever else is possible is only a doubt that has not settled yet.
    private func awaitedSettlement(of effect: Effect) -> Decision? {
        guard record.lastAccepted == effect,
            belief.isOnlyDoubted(besides: effect, at: now, settleDelay: policy.settleDelay)
        else { return nil }
        return .idle(until: settledAt, because: .awaitingSettlement)
    }

    /// When the last doubt settles; nil when there is no doubt.
    private var settledAt: Instant? {
        belief.doubts.map { $0.since.advanced(by: policy.settleDelay) }.max()
    }

    /// When the desired state is due to be sent again; nil for never.
    private var reapplyDue: Instant? {
        guard let appliedAt = record.appliedAt else { return now }
        return desired.reapplyEvery.map { appliedAt.advanced(by: $0) }
    }

    /// The newest PIN that may be live, or else a new one.
    private var newestPIN: PlannedRequest.Content? {
        usable.last.map { .enable(generation: $0) } ?? nextPIN
    }

    /// The PIN to set when none of ours has to be kept: the operator's, one that was made and never used, or a new one.
    ///
    /// Nil when the operator's PIN cannot be read and was never set before.
    private var nextPIN: PlannedRequest.Content? {
        if let name = desired.operatorPINName {
            let known = record.generations.last { !$0.isUnreadable && $0.isOperatorPIN(operatorPIN, named: name) }
            if let known { return .enable(generation: known.generation) }
            return operatorPIN.map { .enableOperatorPIN($0, name: name) }
        }
        // Without reuse, an outage would leave one unused PIN behind for each attempt.
        if let newest = record.generations.last, newest.liveFrom == nil, newest.origin == .generated,
            !newest.isUnreadable,
            !belief.generations.contains(newest.generation),
            !(desired.rotateBefore.map { newest.createdAt < $0 && $0 <= now } ?? false),
            !(record.orderedRotation.map { newest.generation <= $0.through && $0.at <= now } ?? false)
        {
            return .enable(generation: newest.generation)
        }
        return .enableNew
    }

    private func enable(_ content: PlannedRequest.Content) -> PlannedRequest {
        PlannedRequest(content, proof: desired.rotationMethod == .replace ? .replaces : .mayBeIgnored)
    }

    private func disable(startsCycle: Bool) -> PlannedRequest {
        PlannedRequest(.disable, proof: .mayBeIgnored, startsCycle: startsCycle)
    }
}
