import Planning
import Reconciler

/// The way to the vendor, the vendor, and the way back.
extension World {
    func send(_ call: VendorCall) throws {
        try checkMayBeSent(call)
        counters.requests += 1
        lastRequest += 1
        let id = lastRequest
        let fault = weather.fault(for: call.operation.action, using: &random)
        counters.faults[fault, default: 0] += 1
        guard let desired = inForce[call.number] else { preconditionFailure("it was found to be managed") }
        let isEnabled = desired.verification == .enabled
        // A refused disable counts as not done: a vendor that carries it out all the same exposes a number without
        // anyone's knowledge.
        let liesAboutDisable = fault == .refusedAfter && call.operation == .disable
        requests[id] = Request(
            call: call, identity: NumberRecord.Identity(of: desired).naming, account: Account(of: desired), life: life,
            fault: fault,
            exposureTerm: isEnabled && !liesAboutDisable ? exposure.term(of: call.number) : nil
        )
        recordHealthyRequest(call.number)
        note("sends #\(call.changeID) \(call.number) \(call.operation.action.rawValue): \(fault.rawValue)")
        let there = random.span(1...(random.chance(0.05) ? 14_000 : 200))
        schedule(.arrival(id), after: there)
        let back = fault == .none || random.chance(0.5) ? random.span(1...200) : 15_000 - there
        schedule(.answer(id), after: there + max(1, back))
        if fault != .none || there + back > Waits.fast { waits.lastSlow = clock.elapsed }
        recordUrgentDeparture(of: call.number)
        mayCrash()
    }

    /// Lets a request arrive at the vendor.
    func arrive(_ id: Int) throws {
        guard let request = requests[id], request.isTravelling else { return }
        requests[id]?.isTravelling = false
        if request.fault.actsAtOnce { requests[id]?.isAccepted = try carryOut(request) }
        mayCrash()
    }

    /// Lets the answer, or the lack of one, arrive at the daemon.
    func answer(_ id: Int) throws {
        guard let request = requests[id], request.life == life else { return }
        if request.fault.actsLate {
            // A doubt has settled when it began at least one settle delay ago.
            landLater(id)
        } else {
            requests[id] = nil
        }
        let outcome = request.fault.outcome(using: &random) ?? Self.answer(to: request)
        if outcome.reason == .rateLimited {
            limits.limit(
                request.call, of: request.account,
                isOfAccount: request.identity.vendor.capabilities.limitsBelongToToken,
                for: outcome.retryAfter?.milliseconds ?? 0, at: clock.elapsed)
        }
        limits.end(request.call, of: request.account, outcome, at: clock.elapsed)
        if outcome.reason.neverSent { limits.forget(request.call) }
        if outcome.verdict == .accepted, case .enable = request.call.operation { counters.rotations += 1 }
        note("answers #\(request.call.changeID) \(request.call.number): \(outcome.reason.rawValue)")
        try post(.answered(changeID: request.call.changeID, outcome))
        mayCrash()
    }

    /// Lets a late request take effect.
    func land(_ id: Int) throws {
        guard let request = requests[id], request.landsAt == clock.elapsed else { return }
        requests[id] = nil
        counters.lateLandings += 1
        note("lands late: #\(request.call.changeID) \(request.call.number) \(request.call.operation.action.rawValue)")
        _ = try carryOut(request)
    }

    /// Abandons the requests of a process that ended. Those already sent may arrive, be lost, or take effect late.
    func abandonRequests() {
        for id in requests.keys.sorted() {
            guard let request = requests[id], request.life == life - 1, request.landsAt == nil
            else { continue }
            let mayLand = request.fault.actsLate || (request.isTravelling && request.fault.actsAtOnce)
            switch random.int(0...3) {
            case 0 where mayLand: landLater(id)
            case 1...2 where mayLand:
                requests[id]?.isTravelling = false
                requests[id]?.awaitsRestart = true
            default: requests[id] = nil
            }
        }
    }

    /// Releases the abandoned requests after a process has started: those of its predecessor are in doubt from now on.
    func releaseAbandoned() {
        for id in requests.keys.sorted() where requests[id]?.awaitsRestart == true {
            requests[id]?.awaitsRestart = false
            landLater(id)
        }
    }

    /// Advances late requests after the wall clock was set forward: by that clock they take effect within the settle
    /// delay.
    func hurryLandings(by milliseconds: Milliseconds) throws {
        for id in requests.keys.sorted() {
            guard let landsAt = requests[id]?.landsAt else { continue }
            let sooner = max(clock.elapsed, landsAt - milliseconds)
            requests[id]?.landsAt = sooner
            if sooner == clock.elapsed {
                try land(id)
            } else {
                timeline.insert(.landing(id), at: sooner)
            }
        }
    }

    private func landLater(_ id: Int) {
        let longest = scenario.policy.settleDelay.milliseconds - 1
        // Often at the last moment, because a planner that waits for settlement acts right after it.
        let delay = random.chance(0.2) ? longest - random.span(0...20 * .second) : random.span(1...longest)
        requests[id]?.isTravelling = false
        requests[id]?.landsAt = clock.elapsed + delay
        schedule(.landing(id), after: delay)
    }

    private func carryOut(_ request: Request) throws -> Bool {
        let number = request.call.number
        guard var account = accounts[number] else { preconditionFailure("every number has an account") }
        let before = account.truth
        let isAccepted = account.carryOut(
            request.call.operation, at: request.identity, now: clock.elapsed)
        accounts[number] = account
        guard account.truth != before else { return isAccepted }
        note("vendor: \(number) \(before.text) -> \(account.truth.text)")
        exposure.note(number, isOff: account.truth == .off, term: request.exposureTerm)
        if exposure.numbers.contains(number) { counters.exposures += 1 }
        try recordOffTime(of: number, isOursNow: exposure.numbers.contains(number))
        let counted = exposure.numbers.subtracting(excused)
        if let most = scenario.policy.maxExposed, counted.count > most || exposure.numbers.count > 3 * most {
            throw Violation(
                .exposureIsBounded, "\(exposure.numbers.sorted()) are exposed by us; at most \(most) may be")
        }
        try checkBelief(of: number)
        recordHealth(of: number)
        return isAccepted
    }

    private static func answer(to request: Request) -> Outcome {
        guard request.isAccepted == true else {
            return Outcome(.vendorRefused, httpStatus: 200, apiStatus: 406, message: "already so")
        }
        return Outcome(.success, httpStatus: 200, apiStatus: 100, message: "Success")
    }
}

extension VendorOperation {
    /// The action without its PIN.
    var action: VendorAction {
        switch self {
        case .enable: .enable
        case .disable: .disable
        }
    }
}
