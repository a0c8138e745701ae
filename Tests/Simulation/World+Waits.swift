import Planning
import Reconciler

/// The times for which numbers are off and urgent ones wait, in the healthy period: nothing fails there, and the rate
/// limits are in force.
struct Waits {
    /// The time since which a number that we have disabled is off at the vendor.
    var offSince: [PhoneNumber: Milliseconds] = [:]
    /// The time since which a request of an urgent number is wanted.
    var urgentSince: [PhoneNumber: Milliseconds] = [:]
    /// Numbers that were exposed while the clock was behind, at the beginning of the healthy period.
    var exposedBehind: Set<PhoneNumber> = []
    /// The time at which a request last failed, or took longer than a healthy vendor's.
    var lastSlow: Milliseconds = -.day

    /// The maximum duration of a healthy vendor's request, there and back.
    static let fast: Milliseconds = 400
    /// The maximum duration of a simulated request in a healthy period, there and back.
    static let slowest: Milliseconds = 14_200
    /// Returns the maximum time in which a number that we exposed is enabled, however the clock is corrected: the
    /// maximum Retry-After of the simulation, the pace of an exposed number's hour of requests, and a doubt that has to
    /// settle.
    static func patience(_ policy: Policy) -> Milliseconds {
        300_000 + .hour + .hour / 4 + policy.settleDelay.milliseconds
    }
}

extension World {
    /// Checks I4: with a healthy vendor a number of ours is off only for the answer of its disable, the commit before
    /// its enable and the way of that enable, at any rate limit. When few requests may be in flight at once, it also
    /// waits for one of them.
    func recordOffTime(of number: PhoneNumber, isOursNow: Bool) throws {
        guard isOursNow else {
            try recordCorrectedClock(of: number)
            guard let since = waits.offSince.removeValue(forKey: number) else { return }
            let off = clock.elapsed - since
            counters.offTimes += 1
            counters.longestOff = max(counters.longestOff, off)
            if off > Waits.fast + 2 * scenario.slowestCommit { counters.slowOffTimes += 1 }
            let queued = scenario.policy.concurrency.map { $0 <= 2 } ?? false ? Waits.slowest : 0
            let most = Waits.slowest + 2 * scenario.slowestCommit + queued + .second
            guard off <= most else {
                throw Violation(
                    .exposureIsBounded, "\(number) was off for \(off) ms; a healthy vendor takes \(most) ms")
            }
            return
        }
        guard healthy?.isDue == true, waits.offSince[number] == nil else { return }
        waits.offSince[number] = clock.elapsed
    }

    /// Records that an urgent number's request is wanted, or in flight.
    func recordUrgency(_ record: NumberRecord, _ decision: Decision) {
        guard case .send = decision, record.urgency <= .off, healthy != nil else {
            waits.urgentSince[record.number] = nil
            return
        }
        waits.urgentSince[record.number] = waits.urgentSince[record.number] ?? clock.elapsed
    }

    func recordUrgentDeparture(of number: PhoneNumber) {
        guard let since = waits.urgentSince.removeValue(forKey: number) else { return }
        counters.urgentRequests += 1
        counters.longestUrgentWait = max(counters.longestUrgentWait, clock.elapsed - since)
    }

    /// Records the exposed numbers when the healthy period begins while the clock is behind: a correction costs them at
    /// most one backoff.
    func recordExposedBehind() {
        guard clock.behind > 0 else { return }
        waits.exposedBehind = exposure.numbers.filter { durable[$0]?.isExposed == true && durable[$0]?.pause == nil }
    }

    /// Checks I11: a number that was exposed while the clock was behind is enabled within the maximum wait that a rule
    /// of its own permits.
    private func recordCorrectedClock(of number: PhoneNumber) throws {
        guard let healthy, waits.exposedBehind.remove(number) != nil else { return }
        counters.correctedClocks += 1
        try checkCorrectedClock(of: number, after: clock.elapsed - healthy.since)
    }

    func checkCorrectedClocks() throws {
        guard let healthy else { return }
        for number in waits.exposedBehind.sorted() where exposure.numbers.contains(number) {
            try checkCorrectedClock(of: number, after: clock.elapsed - healthy.since)
        }
    }

    private func checkCorrectedClock(of number: PhoneNumber, after wait: Milliseconds) throws {
        counters.longestClockDelay = max(counters.longestClockDelay, wait)
        guard wait <= Waits.patience(scenario.policy) else {
            throw Violation(
                .clocksAreCorrected,
                "\(number) is exposed \(wait) ms after the clock was \(healthy?.clockBehind ?? 0) ms behind")
        }
    }

    /// Checks that a stop with a healthy vendor leaves no number of ours off.
    func checkStop() throws {
        guard healthy?.isDue == true || weather.probability == 0, !isDiskFailing, refusing.isEmpty,
            fleetPause?.includesExposed != true, clock.elapsed - waits.lastSlow > .hour,
            scenario.slowestCommit < .second
        else { return }
        let left = exposure.numbers.filter { number in
            guard let record = durable[number], record.isExposed, record.pause == nil else { return false }
            return record.attempts == 0 && record.belief.certainEffect == .off
        }
        counters.healthyStops += 1
        guard left.isEmpty else {
            throw Violation(.exposureIsBounded, "a stop with a healthy vendor leaves \(left.sorted()) off")
        }
    }
}
