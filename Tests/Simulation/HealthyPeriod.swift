import Planning
import Storage

/// The final period: nothing fails, no one edits, and every number has to reach its desired state.
struct HealthyPeriod {
    /// The time at which it began.
    let since: Milliseconds
    /// The lag of the clock at that time: nothing that exposes a number starts before it has caught up.
    let clockBehind: Milliseconds
    /// Requests by number, once every earlier doubt is settled.
    var requests: [PhoneNumber: Int] = [:]
    /// Numbers that have been as desired since then.
    var converged: Set<PhoneNumber> = []
    /// True when every number has to have been as desired.
    var isDue = false

    /// The maximum count of requests that a number needs to reach its desired state once every doubt is settled: 8 by
    /// exploration of the planner, and one that was in flight then.
    static let maxRequests = 9
    /// The maximum backoff, a used-up write budget of 6 an hour, the maximum settle delay, each perhaps twice; and up
    /// to a day for a number that the vendor blocks.
    static let patience: Milliseconds = 8 * .hour + .day
    /// Queueing behind other numbers, settling, one hour of write budget.
    static let slack: Milliseconds = 3 * .hour
    /// The maximum wait for a rotation window.
    static let windowWait: Milliseconds = 8 * .day
    /// The count of events during which rotations are checked.
    static let watchedEvents = 1500
}

extension World {
    func clearUp() throws {
        guard healthy == nil else { return }
        if options.isSteady {
            isOver = true
            return
        }
        note("it clears up")
        healthy = HealthyPeriod(since: clock.elapsed, clockBehind: clock.behind)
        weather = .clear
        isDiskFailing = false
        refusing = []
        file.isValid = true
        if engine == nil {
            schedule(.restart, after: .second)
        } else {
            schedule(.readFile(life: life), after: .second)
            schedule(.operate(life: life), after: 2 * .second)
        }
        schedule(.convergenceDue, after: HealthyPeriod.patience + clock.behind)
        for number in scenario.numbers { recordHealth(of: number) }
        recordExposedBehind()
    }

    /// Returns whether the durable record, the true state and the file agree.
    private func isAsDesired(_ number: PhoneNumber) -> Bool {
        guard let entry = file.entries.first(where: { $0.number == number }) else { return true }
        var wanted = entry
        wanted.operatorPINMark = durable[number]?.desired?.operatorPINMark
        guard let record = durable[number], record.desired == wanted, let truth = accounts[number]?.truth else {
            return false
        }
        if restsRightly(record, truth) { return true }
        // No one can know which PIN is live after a change by others.
        if observers.strange.contains(number), record.isAsDesired {
            return (truth == .off) == (entry.verification == .disabled)
        }
        switch (entry.verification, record.belief.certainEffect) {
        case (.disabled, .off): return truth == .off
        case (.enabled, .on(let generation)):
            guard let pin = record.generation(generation)?.pin, truth.pin == pin else { return false }
            return entry.operatorPINName.map { file.operatorPINs[$0] == pin } ?? true
        case (.disabled, .on), (.enabled, .off), (_, nil): return false
        }
    }

    /// Returns whether the number rests because the vendor refuses the needed request, and is protected as far as
    /// possible.
    private func restsRightly(_ record: NumberRecord, _ truth: Truth) -> Bool {
        guard let impasse = record.impasse, let semantics = accounts[record.number]?.semantics else { return false }
        switch record.desired?.verification {
        case .disabled: return semantics.disable == .never || (truth == .off && impasse.isOppositeSpent)
        case .enabled:
            return semantics.disable == .never && truth != .off && (impasse.refusesDisable || impasse.refusesBoth)
        case nil: return false
        }
    }

    /// Counts a request that is sent in the healthy period.
    func recordHealthyRequest(_ number: PhoneNumber) {
        guard let healthy else { return }
        // A doubt from before the clock was set back settles by the clock, later by that much.
        let settled = healthy.since + healthy.clockBehind + scenario.policy.settleDelay.milliseconds
        guard clock.elapsed > settled else { return }
        self.healthy?.requests[number, default: 0] += 1
    }

    func recordHealth(of number: PhoneNumber) {
        recordPINAge(of: number)
        guard healthy != nil, isAsDesired(number) else { return }
        healthy?.converged.insert(number)
    }

    /// Checks I3: the count of requests is bounded. ``requireConvergence()`` checks the time.
    func checkConvergence() throws {
        guard let healthy, !healthy.isDue else { return }
        for (number, count) in healthy.requests.sorted(by: { $0.key < $1.key })
        where !healthy.converged.contains(number) && count > HealthyPeriod.maxRequests {
            throw Violation(.converges, "\(number) took \(count) requests of a healthy vendor and is not as desired")
        }
    }

    func requireConvergence() throws {
        guard let healthy else { return }
        for entry in file.entries where !healthy.converged.contains(entry.number) {
            let record = durable[entry.number].map { Self.text(of: $0) } ?? "unknown"
            throw Violation(
                .converges, "\(entry.number) should be \(entry.verification.rawValue), and is \(record) at the end")
        }
        note("every number is as desired")
        self.healthy?.isDue = true
        let longest = file.entries.compactMap { $0.rotateEvery?.milliseconds }.max() ?? .day
        schedule(.end, after: longest / 10 * 13 + HealthyPeriod.windowWait)
    }

    /// Ends the run with a last check of the whole store.
    func end() throws {
        guard !isOver else { return }
        isOver = true
        note("end")
        try rereadStore()
        let report = try store.reader.verifyAudit()
        // A start that found the history cut off has written that down, once and for good.
        let isExpected = counters.restores > 0 && report.problems == 1 && report.first?.problem == .foundAltered
        if let finding = report.first, !isExpected {
            throw Violation(.housekeeping, "the history does not verify: \(finding.sentence)")
        }
    }

    // MARK: Ages of PINs

    /// Records the time from which a PIN's age counts: from when its belief was certain, durable and true.
    private func recordPINAge(of number: PhoneNumber) {
        guard let record = durable[number] else { return }
        // A PIN that was certainly replaced and is set again begins a new life.
        if let age = ages[number], !record.belief.generations.contains(where: { record.generation($0)?.pin == age.pin })
        {
            ages[number] = nil
        }
        guard case .on(let generation) = record.belief.certainEffect,
            let pin = record.generation(generation)?.pin, accounts[number]?.truth.pin == pin,
            ages[number]?.pin != pin
        else { return }
        ages[number] = (pin, clock.wall)
    }

    /// Checks I9: with a healthy vendor no PIN outlives its period by more than spread, window and queueing.
    func checkAges() throws {
        try checkConvergence()
        try checkCorrectedClocks()
        guard let healthy, healthy.isDue else { return }
        healthyEvents += 1
        if healthyEvents > HealthyPeriod.watchedEvents { return try end() }
        for entry in file.entries where entry.verification == .enabled && entry.operatorPINName == nil {
            guard let age = ages[entry.number], let period = entry.rotateEvery else { continue }
            // A vendor that does not disable does not permit the reset of a PIN.
            if entry.rotationMethod == .reset, accounts[entry.number]?.semantics.disable == .never { continue }
            let due = age.since.advanced(by: period).advanced(by: period / 10)
            let began = clock.wall(at: healthy.since).advanced(by: .milliseconds(HealthyPeriod.patience))
            let allowed =
                HealthyPeriod.slack + healthy.clockBehind + (entry.rotationWindow == nil ? 0 : HealthyPeriod.windowWait)
            if max(due, began).advanced(by: .milliseconds(allowed)) < clock.wall {
                throw Violation(.pinsRotate, "the PIN of \(entry.number) is live since \(age.since)")
            }
        }
    }
}
