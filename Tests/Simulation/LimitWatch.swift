import Planning
import Reconciler

/// Counts the requests that depart, independently of the engine's own counting.
struct LimitWatch {
    private let policy: Policy
    /// Requests of the last minute, by account, including those of earlier processes.
    private var departures: [Account: [(changeID: Int64, at: Milliseconds)]] = [:]
    /// The time at which the wall clock was last set forward: a process that starts later takes earlier requests for
    /// older ones.
    private var setForwardAt: Milliseconds?
    /// The number that each account limited last, and the time.
    private var limited: [Account: (number: PhoneNumber, at: Milliseconds)] = [:]
    /// The time until which an account asked for no requests.
    private var waits: [Account: Milliseconds] = [:]
    /// The times at which requests departed in the last hour, by number and then by change.
    private var writes: [PhoneNumber: [(changeID: Int64, at: Milliseconds)]] = [:]
    /// Requests that departed, and are not sent yet.
    private var departed: [Int64: Milliseconds] = [:]
    /// The failures of endpoints, by their answers.
    private var outages: [Account: Outage] = [:]

    /// Failures in a row of one account.
    private struct Outage {
        var failures = 0
        var numbers: Set<PhoneNumber> = []
        /// Requests that departed since the account was down, and have not ended.
        var probes: Set<Int64> = []
        /// The time of the last failure that showed that the account is down; nil once the wall clock was set since.
        var lastFailure: Milliseconds?

        var isDown: Bool { failures >= 5 && numbers.count > 1 }
    }

    init(policy: Policy) {
        self.policy = policy
    }

    /// Records that a request departs: its record is about to be committed.
    mutating func depart(
        _ entry: ChangeEntry, to account: Account, isExposed: Bool, at now: Milliseconds
    ) throws {
        departed[entry.id] = now
        if outages[account]?.isDown == true {
            outages[account]?.probes.insert(entry.id)
            let least = policy.backoffMin.milliseconds / 2
            if let last = outages[account]?.lastFailure, now < last + least {
                throw Violation(.limitsHold, "\(account.text) is down, and is probed after \(now - last) ms")
            }
            if let probes = outages[account]?.probes, probes.count > 1 {
                throw Violation(.limitsHold, "\(account.text) is down, and \(probes.count) requests probe it")
            }
        }
        if let until = waits[account], until > now {
            throw Violation(.limitsHold, "\(account.text) asked to be left alone for another \(until - now) ms")
        }
        var recent = departures[account, default: []].filter { $0.at + .minute > now }
        recent.append((entry.id, now))
        departures[account] = recent
        if let limit = policy.requestsPerMinute, recent.count > limit {
            throw Violation(.limitsHold, "\(recent.count) requests to \(account.text) within a minute")
        }
        let hour = writes[entry.number, default: []].filter { $0.at + .hour > now }
        writes[entry.number] = hour
        if let limit = isExposed ? policy.writesPerHourExposed : policy.writesPerHour, hour.count >= limit {
            throw Violation(.limitsHold, "\(hour.count + 1) requests to \(entry.number) within an hour")
        }
    }

    mutating func send(_ call: VendorCall) {
        guard let at = departed.removeValue(forKey: call.changeID) else { return }
        writes[call.number, default: []].append((call.changeID, at))
    }

    /// Records the end of a request, and its effect on the account.
    mutating func end(_ call: VendorCall, of account: Account, _ outcome: Outcome, at now: Milliseconds) {
        let wasProbe = outages[account]?.probes.remove(call.changeID) != nil
        switch outcome.reason {
        case .tokenUnavailable, .daemonStopped: break
        case .success, .authenticationRefused, .balanceRefused, .rateLimited, .clientError, .tooManyAttempts,
            .accountBlocked, .forbidden, .vendorRefused:
            outages[account] = nil
        case .nameNotResolved, .connectionRefused, .connectTimeout, .tlsFailed, .notSent,
            .serviceUnavailable,
            .serverError, .unexpectedStatus, .timeout, .connectionLost, .oversized, .malformed:
            outages[account, default: Outage()].failures += 1
            outages[account, default: Outage()].numbers.insert(call.number)
            if wasProbe { outages[account]?.lastFailure = now }
        }
    }

    /// Removes a request that had departed and was not sent.
    mutating func withdraw(_ changeID: Int64) {
        departed[changeID] = nil
        for account in departures.keys { departures[account]?.removeAll { $0.changeID == changeID } }
        for account in outages.keys { outages[account]?.probes.remove(changeID) }
    }

    /// Removes a request that was never sent, and is not a write.
    mutating func forget(_ call: VendorCall) {
        writes[call.number]?.removeAll { $0.changeID == call.changeID }
    }

    /// Records that an account limited a request. Its wait concerns the number, until another one is limited within a
    /// minute.
    mutating func limit(
        _ call: VendorCall, of account: Account, isOfAccount: Bool, for wait: Milliseconds, at now: Milliseconds
    ) {
        let known = limited.updateValue((call.number, now), forKey: account)
        if !isOfAccount {
            guard let known, known.number != call.number, now - known.at <= .minute else { return }
        }
        waits[account] = max(waits[account] ?? 0, now + wait)
    }

    /// Forgets the state of endpoints that only the process knew, when it ends. The requests that it sent are in the
    /// history.
    mutating func forgetProcess(at now: Milliseconds) {
        for account in departures.keys { departures[account]?.removeAll { departed[$0.changeID] != nil } }
        if let setForwardAt, now - setForwardAt <= .minute { forgetDepartures() }
        waits = [:]
        limited = [:]
        departed = [:]
        outages = [:]
    }

    mutating func forgetDepartures() { departures = [:] }

    /// Records that the wall clock was set forward: hours have passed by it. The process's own measurements are not
    /// affected.
    mutating func clear(at now: Milliseconds, isRunning: Bool) {
        setForwardAt = now
        if !isRunning { forgetDepartures() }
        forgetWrites()
    }

    /// Forgets the writes that, by the wall clock, were more than an hour ago.
    mutating func forgetWrites() {
        writes = [:]
        for id in departed.keys { departed[id] = -.hour }
    }
}

extension World {
    func recordDepartures(in mutations: [StoreMutation]) throws {
        for case .openChange(let entry) in mutations {
            guard let desired = inForce[entry.number] else {
                throw Violation(.onlyManagedNumbers, "a request for \(entry.number) departs")
            }
            note("departs \(Self.text(of: entry))")
            departures[entry.id] = entry
            // A new observation that makes the number urgent may not be durable yet.
            let record = planned[entry.number] ?? durable[entry.number]
            let longest = record?.maxRetryDelay(under: scenario.policy) ?? .zero
            if let retryAt = backoffs.removeValue(forKey: entry.number), retryAt > clock.wall,
                retryAt <= clock.wall.advanced(by: longest)
            {
                throw Violation(.limitsHold, "\(entry.number) should not be tried before \(retryAt)")
            }
            try checkPause(of: entry)
            if isStopping, entry.action == .disable, desired.verification == .enabled,
                planned[entry.number]?.cycle == nil
            {
                throw Violation(.exposureIsBounded, "a cycle of \(entry.number) begins while the daemon stops")
            }
            try limits.depart(
                entry, to: Account(of: desired), isExposed: planned[entry.number]?.isExposed ?? false, at: clock.elapsed
            )
            mayBefall()
        }
    }
}
