import ConfigFile
import Daemon
import Glibc
import Logging
import Planning
import Reconciler
import Storage
import Synchronization

/// One pass over the fleet by the daemon's own engine, until every number has a result.
final class ApplyPass: Sendable {
    /// The result of a pass.
    struct Result: Sendable {
        var total: Int
        var failed: [PhoneNumber]
        /// The reasons why failed numbers were given up, where no request of their own shows it.
        var because: [PhoneNumber: String]
        var wasInterrupted: Bool
    }

    /// The limit of failed requests in a row, at which a number is given up.
    static let maxFailuresInARow = 3
    /// The limit of failed requests before a number is as desired, even with acceptances in between: a vendor that
    /// alternates between success and failure must not keep a pass from ending.
    static let maxFailures = 12

    fileprivate enum End {
        case asDesired
        case failed
    }

    fileprivate struct State {
        var open: Set<PhoneNumber>
        var ends: [PhoneNumber: End] = [:]
        var requests = 0
        var failures = 0
        var failuresInARow: [PhoneNumber: Int] = [:]
        /// The failures of this pass; the record may count failures of earlier days.
        var failuresOf: [PhoneNumber: Int] = [:]
        /// The count of consecutive requests for numbers that already have a result. A high count is the only sign
        /// that such a number stays exposed, and that no other number can start.
        var requestsAside = 0
        /// The reasons why numbers were given up without a failure of their own.
        var because: [PhoneNumber: String] = [:]
        var accountOf: [PhoneNumber: Account] = [:]
        /// The endpoints that are down, each with the count of its failed probes since.
        var failedProbes: [Account: Int] = [:]
        /// The requests sent while an endpoint was down: those to that endpoint are probes.
        var sentMeanwhile: Set<Int64> = []
        var isAdopted = false
        var isStopping = false
        var wasInterrupted = false
        var problem: String?
    }

    private let settings: Settings
    private let environment: [String: String]
    private let acceptance: Acceptance?
    private let total: Int
    private let bar: ProgressBar?
    private let logger: Logger
    private let state: Mutex<State>
    private let reconciliation = Mutex<Reconciliation?>(nil)
    private let stopped = AsyncStream<Void>.makeStream()

    init(
        settings: Settings, environment: [String: String], numbers: [PhoneNumber], acceptance: Acceptance?,
        bar: ProgressBar?, logger: Logger
    ) {
        self.acceptance = acceptance
        self.settings = settings
        self.environment = environment
        total = numbers.count
        self.bar = bar
        self.logger = logger
        state = Mutex(State(open: Set(numbers)))
    }

    /// Runs the pass. Ctrl-C, SIGTERM and SIGHUP, which a broken connection sends, end it cleanly.
    func run() async throws -> Result {
        let work = try Reconciliation(
            settings: settings, environment: environment, command: "apply", logger: logger,
            onReport: { [weak self] in self?.handle($0) })
        reconciliation.withLock { $0 = work }
        let signals = SignalWatcher { [weak self] _ in
            self?.state.withLock { $0.wasInterrupted = true }
            self?.reconciliation.withLock { $0 }?.requestStop()
        }
        try work.start()
        work.load(acceptance: acceptance) { [weak self] load in
            switch load {
            case .handedOver, .unchanged: break
            case .notAccepted(let problem): self?.giveUp(problem)
            case .refused(let problems):
                // The file was valid a moment ago; when it no longer is, there is nothing to wait for.
                self?.giveUp(
                    "the desired state changed while it was read: \(problems.first?.summary ?? "not readable")")
            }
        }
        for await _ in stopped.stream { break }
        withExtendedLifetime(signals) {}
        bar?.end()
        if !state.withLock({ $0.wasInterrupted }) {
            await work.deliverNotifications(within: .seconds(30))
            await work.pruneHistory()
        }
        await work.close()
        return try state.withLock { state in
            if let problem = state.problem { throw StartupError.unavailable(problem) }
            let failed = state.ends.filter { $0.value == .failed }.map(\.key) + Array(state.open)
            return Result(
                total: total, failed: failed.sorted(), because: state.because, wasInterrupted: state.wasInterrupted)
        }
    }

    private func handle(_ report: EngineReport) {
        switch report {
        case .number(let report): handle(report)
        case .desiredState(.adopted): afterAdoption()
        case .desiredState(.held(let held)):
            giveUp(
                "the desired state is held and nothing was sent: \(held.reason); to accept it anyway: "
                    + "twostepd apply --accept \(held.sha256.prefix(12))")
        case .guardChanged(.endpointDown(let endpoint, _)): state.withLock { $0.failedProbes[endpoint] = 0 }
        case .guardChanged(.endpointUp(let endpoint, _)): state.withLock { $0.failedProbes[endpoint] = nil }
        case .store(.failed(let message, _)): giveUp(message)
        case .stopped:
            stopped.continuation.yield()
            stopped.continuation.finish()
        case .desiredState(.kept), .desiredState(.failed), .desiredState(.leftExposed), .store(.recovered),
            .guardChanged(.exposureReduced), .guardChanged(.exposurePermitted), .guardChanged(.endpointLimited),
            .guardChanged(.disableRefused), .guardChanged(.disableAccepted),
            .guardChanged(.stopping), .guardChanged(.clockBehind),
            .guardChanged(.clockRight), .orderEnded:
            break
        }
        draw()
        stopIfDone()
    }

    private func handle(_ report: NumberReport) {
        switch report {
        case .planned(let record, let decision): judge(record, decision)
        case .requestSent(let change): state.withLock { $0.recordSent(change) }
        case .requestEnded(let change, let record):
            state.withLock { state in
                let wasMeanwhile = state.sentMeanwhile.remove(change.id) != nil
                guard change.outcome?.verdict != .accepted else {
                    state.failuresInARow[record.number] = 0
                    return
                }
                state.failures += 1
                state.failuresOf[record.number, default: 0] += 1
                state.failuresInARow[record.number, default: 0] += 1
                if wasMeanwhile, let desired = record.desired { state.recordFailedProbe(of: Account(of: desired)) }
            }
        case .setAside(let unreadable, _):
            state.withLock {
                $0.open.remove(unreadable.number)
                $0.ends[unreadable.number] = .failed
                $0.because[unreadable.number] = "its record cannot be read or written: \(unreadable.message)"
            }
        case .observed, .readAgain, .pinsUnreadable: break
        }
    }

    /// Finds the numbers that are never planned because they need nothing, in the store after the adoption.
    private func afterAdoption() {
        guard let work = reconciliation.withLock({ $0 }) else { return }
        let fleet = FleetReader(settings: settings, environment: environment, now: SystemClock().now())
        work.commits.perform({ store throws(StorageError) in
            var records: [NumberRecord] = []
            var after: PhoneNumber?
            repeat {
                let page = try store.reader.closedRecords(after: after, limit: StoreReader.pageLimit, at: fleet.now)
                records += page.records
                after = page.next
            } while after != nil
            return (records, try store.reader.fleetPause())
        }) { [weak self] result in
            guard let self else { return }
            switch result {
            case .failure(let error): giveUp(error.description)
            case .success(let (records, fleetPause)):
                state.withLock { state in
                    state.isAdopted = true
                    for record in records { state.accountOf[record.number] = record.desired.map(Account.init(of:)) }
                }
                for record in records where record.dueAt.map({ $0 > fleet.now }) ?? true {
                    let decision = Planner.decide(
                        record, operatorPIN: FleetView.operatorPIN(of: record), fleetPause: fleetPause,
                        policy: fleet.policy,
                        now: fleet.now)
                    judge(record, decision)
                }
                draw()
                stopIfDone()
            }
        }
    }

    private func judge(_ record: NumberRecord, _ decision: Decision) {
        let (inARow, all) = state.withLock {
            ($0.failuresInARow[record.number] ?? 0, $0.failuresOf[record.number] ?? 0)
        }
        let isGivenUp = inARow >= Self.maxFailuresInARow || all >= Self.maxFailures
        let end: End?
        switch decision.withoutRoutine {
        case .idle: end = .asDesired
        case .observe: end = nil
        case .send, .hold(_, .backingOff): end = isGivenUp ? .failed : nil
        // The number's turn comes when others are protected; if they never are, recordSent ends it.
        case .hold(_, .exposureBudget): end = nil
        // The other holds last for an hour, or until an operator corrects something: longer than one pass.
        case .hold: end = .failed
        }
        guard let end else { return }
        state.withLock { state in
            // A number that was given up may still succeed while the pass waits for others.
            let isHome = end == .asDesired && state.ends[record.number] == .failed
            guard state.open.remove(record.number) != nil || isHome else { return }
            if isHome { state.because[record.number] = nil }
            state.ends[record.number] = end
        }
    }

    private func giveUp(_ problem: String) {
        state.withLock { $0.problem = $0.problem ?? problem }
        stopIfDone()
    }

    private func stopIfDone() {
        let isDone = state.withLock { state in
            guard !state.isStopping, state.problem != nil || (state.isAdopted && state.open.isEmpty) else {
                return false
            }
            state.isStopping = true
            return true
        }
        if isDone { reconciliation.withLock { $0 }?.requestStop() }
    }

    private func draw() {
        guard let bar else { return }
        let (done, failed, requests, failures) = state.withLock { state in
            (state.ends.count, state.ends.values.count { $0 == .failed }, state.requests, state.failures)
        }
        let problems = failures > 0 ? ", \(failures) not accepted" : ""
        let lost = failed > 0 ? ", \(failed) given up" : ""
        bar.draw(done: done, total: total, detail: "numbers, \(requests.counted("request"))\(problems)\(lost)")
    }
}

extension ApplyPass.State {
    fileprivate mutating func recordSent(_ change: ChangeEntry) {
        requests += 1
        if !failedProbes.isEmpty { sentMeanwhile.insert(change.id) }
        requestsAside = open.contains(change.number) ? 0 : requestsAside + 1
        guard isAdopted, requestsAside >= ApplyPass.maxFailures else { return }
        giveUp(open, because: "not started: another number stays exposed, and uses the only place")
    }

    /// Counts a failed probe. While an endpoint is down one number probes it for all of them: its failure is theirs as
    /// well.
    fileprivate mutating func recordFailedProbe(of account: Account) {
        guard let count = failedProbes[account] else { return }
        failedProbes[account] = count + 1
        guard count + 1 >= ApplyPass.maxFailuresInARow else { return }
        giveUp(open.filter { accountOf[$0] == account }, because: "its endpoint \(account.text) is down")
    }

    private mutating func giveUp(_ numbers: Set<PhoneNumber>, because reason: String) {
        for number in numbers {
            ends[number] = .failed
            because[number] = reason
        }
        open.subtract(numbers)
    }
}
