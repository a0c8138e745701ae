/// Decides about one number: the design's table as a pure function, an ordered list of named rules.
///
/// It has no inputs but its arguments, and no side effects. Limits that concern more than one number (exposure, the
/// account's rate, concurrency) are the engine's.
public enum Planner {
    /// Returns the decision for `record` at `now`: see ``rule(_:operatorPIN:fleetPause:policy:now:)``.
    public static func decide(
        _ record: NumberRecord, operatorPIN: PIN? = nil, fleetPause: Pause? = nil, policy: Policy, now: Instant
    ) -> Decision {
        rule(record, operatorPIN: operatorPIN, fleetPause: fleetPause, policy: policy, now: now).decision
    }

    /// Returns the decision for `record` at `now`, and the rule that made it.
    ///
    /// - Parameters:
    ///   - record: the record with its desired state and belief.
    ///   - operatorPIN: the value of the operator-owned PIN that the entry names, when it can be read.
    ///   - fleetPause: the pause of all numbers, if there is one.
    ///   - policy: the limits and times to obey.
    ///   - now: the wall clock.
    public static func rule(
        _ record: NumberRecord, operatorPIN: PIN? = nil, fleetPause: Pause? = nil, policy: Policy, now: Instant
    ) -> Ruling {
        guard let desired = record.desired else {
            return Ruling(.idle(until: nil, because: .unmanaged), by: .unmanaged)
        }
        let situation = Situation(
            record: record, desired: desired, operatorPIN: operatorPIN, policy: policy, now: now)
        var ruling = situation.observing(before: situation.ruling())
        for pause in [record.pause, fleetPause].compactMap({ $0 }) {
            let permitted = pause.permit(ruling.decision, for: record)
            if permitted != ruling.decision { ruling = Ruling(permitted, by: .paused) }
        }
        return ruling
    }
}

/// One number at one instant, to which the rules are applied.
struct Situation {
    let record: NumberRecord
    let desired: DesiredNumber
    let operatorPIN: PIN?
    let policy: Policy
    let now: Instant

    /// The belief, with a live PIN that cannot be unsealed counted as foreign.
    private let belief: Belief
    private let capabilities: Capabilities
    /// Our PIN, when it is certainly the live one of a number that should be enabled.
    private let steady: Int?
    /// The time at which that PIN is to change, once no doubt is left; nil for never.
    private let rotationDue: RotationSchedule.Due?

    init(record: NumberRecord, desired: DesiredNumber, operatorPIN: PIN?, policy: Policy, now: Instant) {
        self.record = record
        self.desired = desired
        self.operatorPIN = operatorPIN
        self.policy = policy
        self.now = now
        belief = record.countingUnreadable(at: now, settleDelay: policy.settleDelay).belief
        capabilities = desired.vendor.capabilities
        steady = desired.verification == .enabled && belief.isCertain ? belief.generations.first : nil
        rotationDue = steady.flatMap { generation in
            let due = RotationSchedule.due(
                record, desired: desired, generation: generation, operatorPIN: operatorPIN, policy: policy, now: now)
            guard let due, let settled = record.belief.settledAt(policy.settleDelay), settled > now else { return due }
            return RotationSchedule.Due(at: max(due.at, settled), since: due.since, reason: due.reason)
        }
    }

    /// The answer of a rule.
    private enum Answer {
        case rest(Decision)
        /// This request, for this reason; its content is nil when its PIN cannot be read.
        case need(PlannedRequest.Content?, DecisionReason, startsCycle: Bool = false, isVouchedFor: Bool = false)
    }

    /// Returns the decision from the need of the number, its refusals, and its limits.
    func ruling() -> Ruling {
        for rule in PlannerRule.needs {
            switch need(by: rule) {
            case nil: continue
            case .rest(let decision): return Ruling(decision, by: rule)
            case .need(let content, let reason, let startsCycle, let isVouchedFor):
                guard let content else { return pinUnavailable }
                let request = request(content, startsCycle: startsCycle, isVouchedFor: isVouchedFor)
                // A re-apply that is refused is counted, and changes nothing.
                if reason == .reapplyDue { return permitted(request, reason, by: rule) }
                return unlessRefused(request, reason, by: rule)
            }
        }
        preconditionFailure("the last rule applies to every number that is left")
    }

    // MARK: Needs

    /// Returns the answer of one rule of ``PlannerRule/needs``; nil when it does not apply. A rule may rely on all
    /// earlier ones not applying.
    private func need(by rule: PlannerRule) -> Answer? {
        desired.verification == .disabled ? disabledNeed(by: rule) : enabledNeed(by: rule)
    }

    private func disabledNeed(by rule: PlannerRule) -> Answer? {
        switch rule {
        case .disabledUnsupported:
            return capabilities.canDisable ? nil : .rest(.hold(until: nil, because: .disableRefused))
        case .reapplyDisabled:
            guard belief.certainEffect == .off, let due = reapplyDue, due <= now else { return nil }
            return .need(.disable, .reapplyDue)
        case .disabled:
            return belief.certainEffect == .off ? .rest(.idle(until: reapplyDue, because: .converged)) : nil
        case .settleDisabled: return awaitedSettlement(of: .off).map(Answer.rest)
        case .disable: return .need(.disable, record.observations.drift == nil ? .disabling : .drift)
        case .unmanaged, .setOperatorPIN, .settleUnreadablePIN, .rotateByReset, .rotateByReplacement, .reapplyEnabled,
            .enabled, .settleEnabled, .takeOverByReset, .takeOverByReplacement, .resetAmbiguous, .replaceAmbiguous,
            .enableAgain, .enableNew, .observeFirst, .awaitEvidence, .restEnabled, .enableBeforeResting, .restRefused,
            .opposite, .operatorPINUnavailable, .backOff, .writeBudget, .paused:
            return nil
        }
    }

    private func enabledNeed(by rule: PlannerRule) -> Answer? {
        switch rule {
        case .setOperatorPIN:
            guard isVouchedFor else { return nil }
            return .need(operatorPIN == nil ? nil : nextPIN, .adoptingOperatorPIN, isVouchedFor: true)
        case .settleUnreadablePIN:
            guard let steady, record.isUnreadable(steady) else { return nil }
            return .rest(.idle(until: settledAt, because: .awaitingSettlement))
        case .rotateByReset:
            guard usesReset, let rotation = rotationDue, rotation.at <= now else { return nil }
            return .need(.disable, rotation.reason, startsCycle: true)
        case .rotateByReplacement:
            guard !usesReset, let rotation = rotationDue, rotation.at <= now else { return nil }
            return .need(nextPIN, rotation.reason)
        case .reapplyEnabled:
            guard let steady, let due = reapplyDue, due <= now else { return nil }
            return .need(.enable(generation: steady), .reapplyDue)
        case .enabled:
            guard steady != nil else { return nil }
            let until = [reapplyDue, rotationDue?.at].compactMap { $0 }.min()
            if rotationDue?.reason == .zoneUnknown { return .rest(.hold(until: until, because: .zoneUnknown)) }
            return .rest(.idle(until: until, because: .converged))
        case .settleEnabled:
            return record.likeliestGeneration.flatMap { awaitedSettlement(of: .on($0)) }.map(Answer.rest)
        case .takeOverByReset:
            guard usesReset, isAmbiguous, isFirstContact, ourCycle == nil, belief.maybeForeign else { return nil }
            return .need(.disable, .adopting, startsCycle: true)
        case .takeOverByReplacement:
            guard !usesReset, isAmbiguous, isFirstContact, ourCycle == nil, belief.maybeForeign else { return nil }
            return .need(newestPIN, .adopting)
        case .resetAmbiguous:
            guard usesReset, isAmbiguous else { return nil }
            return .need(.disable, reasonOfAmbiguity, startsCycle: !holdsPlace)
        case .replaceAmbiguous:
            guard isAmbiguous else { return nil }
            return .need(newestPIN, reasonOfAmbiguity)
        case .enableAgain:
            guard let generation = usable.first else { return nil }
            // A PIN that was live before is restored: the purpose of the cycle is not yet achieved.
            let isNew = record.generation(generation)?.liveFrom == nil
            return .need(.enable(generation: generation), isNew ? reasonToEnable : .enabling)
        case .enableNew: return .need(nextPIN, reasonToEnable)
        case .unmanaged, .disabledUnsupported, .reapplyDisabled, .disabled, .settleDisabled, .disable, .observeFirst,
            .awaitEvidence, .restEnabled, .enableBeforeResting, .restRefused, .opposite, .operatorPINUnavailable,
            .backOff, .writeBudget, .paused:
            return nil
        }
    }

    // MARK: Refusals

    private func unlessRefused(_ request: PlannedRequest, _ reason: DecisionReason, by need: PlannerRule) -> Ruling {
        for rule in PlannerRule.refusals {
            if let ruling = ruling(by: rule, on: request) { return ruling }
        }
        return permitted(request, reason, by: need)
    }

    private func ruling(by rule: PlannerRule, on request: PlannedRequest) -> Ruling? {
        switch rule {
        case .restEnabled:
            guard let until = restsUntil, desired.verification == .enabled, request.action == .disable,
                record.impasse?.refusesDisable == true
            else { return nil }
            guard belief.maybeOff else { return Ruling(.hold(until: until, because: .disableRefused), by: rule) }
            // The number is enabled, and a disable without an answer may still be carried out: that doubt has to settle
            // first.
            guard case .on = record.lastAccepted, let settled = settledAt(.off), settled > now else { return nil }
            return Ruling(.hold(until: min(until, settled), because: .disableRefused), by: rule)
        case .enableBeforeResting:
            guard restsUntil != nil, desired.verification == .enabled, request.action == .disable, belief.maybeOff,
                let impasse = record.impasse, impasse.refusesDisable, !impasse.refusesBoth
            else { return nil }
            guard let content = newestPIN else { return pinUnavailable }
            return permitted(self.request(content), .oppositeAfterRefusal, by: rule)
        case .restRefused:
            guard let until = restsUntil, !record.isExposed, let impasse = record.impasse else { return nil }
            let isExhausted =
                desired.verification == .disabled
                ? impasse.isOppositeSpent && (isRefused(request, times: 2) || impasse.refusesDisable)
                : impasse.refusesBoth
            guard isExhausted else { return nil }
            return Ruling(.hold(until: until, because: .disableRefused), by: rule)
        case .opposite:
            guard isRefused(request, times: 2) else { return nil }
            switch request.action {
            case .enable:
                // An exposed number never rests. Once the vendor has refused the disable as well, a disable follows
                // four refused enables instead of two: otherwise every third request would be a disable.
                let isWorthIt = record.impasse?.refusesBoth != true || isRefused(request, times: 4)
                guard capabilities.canDisable, isWorthIt else { return nil }
                let exposes = desired.verification == .enabled && !holdsPlace
                return permitted(self.request(.disable, startsCycle: exposes), .oppositeAfterRefusal, by: rule)
            case .disable:
                guard desired.verification == .enabled || record.impasse?.isOppositeSpent != true else { return nil }
                guard let content = newestPIN else { return pinUnavailable }
                return permitted(self.request(content), .oppositeAfterRefusal, by: rule)
            }
        case .unmanaged, .disabledUnsupported, .reapplyDisabled, .disabled, .settleDisabled, .disable, .setOperatorPIN,
            .settleUnreadablePIN, .rotateByReset, .rotateByReplacement, .reapplyEnabled, .enabled, .settleEnabled,
            .takeOverByReset, .takeOverByReplacement, .resetAmbiguous, .replaceAmbiguous, .enableAgain, .enableNew,
            .observeFirst, .awaitEvidence, .operatorPINUnavailable, .backOff, .writeBudget, .paused:
            return nil
        }
    }

    private func isRefused(_ request: PlannedRequest, times: Int) -> Bool {
        record.refusals.map { $0.action == request.action && $0.count >= times } ?? false
    }

    /// The time until which the refused request is not sent again; nil when it may be sent. An instant ahead of the
    /// clock, which has been corrected since, counts as now.
    private var restsUntil: Instant? {
        guard let impasse = record.impasse else { return nil }
        let until = min(impasse.at, now).advanced(by: policy.backoffMax)
        return until > now ? until : nil
    }

    // MARK: Observation before a request

    /// Returns the decision, or one to ask the observer instead: when an observation is due, or before a request whose
    /// only purpose is certainty about a number that may be enabled or disabled. An exposed number is enabled without
    /// an observation.
    func observing(before ruling: Ruling) -> Ruling {
        guard let due = record.observationDue(policy.settleDelay, now: now) else { return ruling }
        switch ruling.decision {
        case .send(let request, _):
            let isForCertainty =
                desired.verification == .enabled && belief.maybeOff && !belief.isCertain && !record.isExposed
            guard isForCertainty, !record.isObserved(policy.settleDelay) else { return ruling }
            let evidenceFrom = record.evidenceFrom(policy.settleDelay)
            if evidenceFrom <= now {
                return Ruling(.observe(because: .observing, otherwise: ruling.decision), by: .observeFirst)
            }
            // A number that may be off is enabled without delay.
            guard request.action == .disable, case .on = record.lastAccepted,
                evidenceFrom <= now.advanced(by: policy.settleDelay * 2)
            else { return ruling }
            return Ruling(.idle(until: evidenceFrom, because: .awaitingSettlement), by: .awaitEvidence)
        case .idle(let until, let reason):
            let decision: Decision =
                due > now
                ? .idle(until: min(until ?? due, due), because: reason)
                : .observe(because: reason, otherwise: ruling.decision)
            return Ruling(decision, by: ruling.rule)
        case .hold(let until, let reason):
            let decision: Decision =
                due > now
                ? .hold(until: min(until ?? due, due), because: reason)
                : .observe(because: reason, otherwise: ruling.decision)
            return Ruling(decision, by: ruling.rule)
        case .observe: return ruling
        }
    }

    // MARK: Limits

    private var pinUnavailable: Ruling {
        Ruling(.hold(until: nil, because: .operatorPINUnavailable), by: .operatorPINUnavailable)
    }

    /// Returns the decision to send the request, or a hold when a limit of this one number requires a wait.
    private func permitted(_ request: PlannedRequest, _ reason: DecisionReason, by rule: PlannerRule) -> Ruling {
        if let retryAt = record.retryAt, retryAt > now, retryAt <= now.advanced(by: record.maxRetryDelay(under: policy))
        {
            return Ruling(
                .hold(until: retryAt, because: record.lastFailure?.holdReason ?? .backingOff), by: .backOff)
        }
        let limit = record.isExposed ? policy.writesPerHourExposed : policy.writesPerHour
        if let until = WriteBudget.blockedUntil(
            writes: record.recentWrites, limit: limit, isPaced: record.isExposed, now: now)
        {
            return Ruling(.hold(until: until, because: .writeBudget), by: .writeBudget)
        }
        if request.startsCycle,
            let until = WriteBudget.cycleBlockedUntil(
                writes: record.recentWrites, limit: policy.writesPerHourExposed, now: now)
        {
            return Ruling(.hold(until: until, because: .writeBudget), by: .writeBudget)
        }
        return Ruling(.send(request, reason), by: rule)
    }

    private func request(
        _ content: PlannedRequest.Content, startsCycle: Bool = false, isVouchedFor: Bool = false
    ) -> PlannedRequest {
        guard content != .disable else {
            return PlannedRequest(.disable, proof: .mayBeIgnored, startsCycle: startsCycle)
        }
        return PlannedRequest(content, proof: isVouchedFor || !usesReset ? .replaces : .mayBeIgnored)
    }

    // MARK: Facts

    /// True when a PIN is changed by way of disable. Vendors that replace PINs do not need this.
    private var usesReset: Bool { desired.rotationMethod == .reset && !capabilities.enableReplaces }

    /// Our PINs that may be live and that a request can carry, ascending.
    private var usable: [Int] { belief.generations.filter { !record.isUnreadable($0) } }

    /// True when a PIN that we do not hold may be live, or one of several of ours.
    private var isAmbiguous: Bool { belief.maybeForeign || belief.generations.count > 1 }

    private var isFirstContact: Bool { record.appliedAt == nil && record.lastAccepted == nil }

    /// True when nothing was ever accepted for this number, and the operator names its PIN.
    ///
    /// The operator vouches for that PIN alone, and only for a number that never had a PIN of ours. Once another of our
    /// PINs may be live, because the value changed before it was accepted, a vendor that ignores a second enable would
    /// make the assurance false.
    private var isVouchedFor: Bool {
        guard let name = desired.operatorPINName, isFirstContact, record.cycle == nil, belief.maybeForeign,
            record.generations.allSatisfy({ $0.liveFrom == nil })
        else { return false }
        return belief.generations.allSatisfy { generation in
            guard let known = record.generation(generation) else { return false }
            return known.isOperatorPIN(operatorPIN, named: name)
        }
    }

    private var reasonToEnable: DecisionReason {
        record.cycle?.reason ?? (record.observations.drift == nil ? .enabling : .drift)
    }

    private var reasonOfAmbiguity: DecisionReason {
        if let ourCycle { return ourCycle.reason }
        guard belief.maybeForeign else { return .ambiguousPIN }
        return isFirstContact ? .adopting : .foreignPIN
    }

    /// The cycle that we began. A number that was already off before its enable may be on by now, so that a disable
    /// would begin a cycle of ours.
    private var ourCycle: NumberRecord.Cycle? {
        record.cycle.flatMap { $0.isOurs ? $0 : nil }
    }

    /// True when we have exposed the number already, so that a disable exposes no other. A number that is enabled, and
    /// waits only for a doubt to settle, holds no such place.
    private var holdsPlace: Bool { ourCycle != nil && record.place(fleetPause: nil) != .unsettled }

    /// Returns idle when `effect` was accepted last and every other possible state is only an unsettled doubt.
    private func awaitedSettlement(of effect: Effect) -> Decision? {
        guard record.lastAccepted == effect,
            belief.isOnlyDoubted(besides: effect, at: now, settleDelay: policy.settleDelay)
        else { return nil }
        return .idle(until: settledAt, because: .awaitingSettlement)
    }

    /// Returns the time at which the doubt about this effect settles; nil for none.
    private func settledAt(_ effect: Effect) -> Instant? {
        belief.doubts.first { $0.effect == effect }?.since.advanced(by: policy.settleDelay)
    }

    private var settledAt: Instant? { belief.settledAt(policy.settleDelay) }

    /// The time at which the desired state is due to be sent again; nil for never.
    private var reapplyDue: Instant? {
        guard let last = [record.appliedAt, record.reapplyRefusals?.at].compactMap(\.self).max() else { return now }
        return desired.reapplyEvery.map { last.advanced(by: $0) }
    }

    /// The newest PIN that may be live, or else a new one.
    private var newestPIN: PlannedRequest.Content? {
        usable.last.map { .enable(generation: $0) } ?? nextPIN
    }

    /// The PIN to set when none of ours has to be kept: the operator's, one that was created and never used, or a new
    /// one.
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
}
