// Long because it is one state machine: its state is private, so its transitions are in its file.
public import Planning

/// The reconciler's core: a synchronous state machine over the whole fleet.
///
/// Events go in, actions come out. It has no clock, no randomness and no threads of its own, so that a simulation can
/// drive the same code. It holds the numbers that are due, not the fleet: all others rest in the store under their due
/// instants. Each part of its state belongs to a machine with a file of its own; the engine passes events on and
/// performs the results.
///
/// Its rules:
/// - A request is sent only after the commit that widened its number's belief is confirmed.
/// - One request in flight for each number, at most `concurrency` in all, exposed numbers first.
/// - A cycle starts only under the exposure budget, and never while stopping.
/// - An endpoint that is down receives one probe at a time and nothing else.
/// - While the store fails, nothing is sent.
/// - While the store applies an adoption or an order to its rows, nothing is written.
public struct Engine: Sendable {
    /// The time for which a number that needs an operator-owned PIN waits for the first reading of the files.
    private static let firstReading: Duration = .seconds(60)

    /// The purpose of a commit.
    private enum Purpose: Sendable {
        case number(PhoneNumber)
        case order
        /// Ends of requests whose number is set aside.
        case history
    }

    private let policy: Policy
    /// The values of operator-owned PINs; nil until the files were read for the first time.
    private var operatorPINs: [String: PIN]?
    private var numbers = ActiveNumbers()
    private var dispatch: Dispatch
    private var observing: Observing
    private var exclusive = ExclusiveWork()
    private var store = StoreHealth()
    private var loading = Loading()
    private var stopping = Stopping()
    /// Commits that are not confirmed yet.
    private var commits: [CommitID: Purpose] = [:]
    private var clock = ClockGuard()
    private var isClockBehind = false
    private var isStarted = false
    private var nextChangeID: Int64 = 1
    private var lastCommitID: Int64 = 0
    private var armedFor: (wall: Instant?, steady: SteadyInstant?)
    /// The difference between the wall clock and the monotonic clock at the last event; nil before the first.
    private var clockOffset: Int64?
    private var actions: [EngineAction] = []

    /// Creates an engine that waits for `started`.
    public init(policy: Policy) {
        self.policy = policy
        dispatch = Dispatch(policy: policy)
        observing = Observing(policy: policy)
    }

    /// True when the engine has stopped after `stopRequested`.
    public var hasStopped: Bool { stopping.isStopped }

    /// True when records may be written: the store works, and is not applying an adoption or an order.
    private var mayWrite: Bool { store.works && exclusive.isIdle }

    /// Handles one event and returns the actions to perform, in order.
    ///
    /// - Parameters:
    ///   - event: the event.
    ///   - now: the wall clock for stored instants, the monotonic one for every other wait.
    ///   - random: the source of PINs and jitter; the system's generator outside of simulations.
    public mutating func handle(
        _ event: EngineEvent, at now: Moment, random: inout some RandomNumberGenerator
    ) -> [EngineAction] {
        guard !stopping.isStopped else { return [] }
        actions = []
        updateClock(now: now)
        switch event {
        case .started(let start): begin(start, now: now)
        case .timerFired: armedFor = (nil, nil)
        case .loaded(let page): finishLoad(page, now: now)
        case .loadFailed(let message):
            loading.fail(now: now.wall)
            report(store.fail(message, at: now))
        case .committed(let id, let receipt): confirm(id, receipt, now: now)
        case .commitFailed(let id, let failure): revert(id, failure, now: now)
        case .answered(let changeID, let outcome): arrive(changeID, outcome, now: now, random: &random)
        case .observed(let id, let answer): finishObservation(id, answer, now: now, random: &random)
        case .desiredStateRead(let reading):
            exclusive.read(reading, exposed: numbers.places, grace: policy.shutdownGrace, now: now.steady)
        case .adopted(let result): finishAdoption(result, now: now)
        case .adoptionFailed(let message):
            exclusive.adoptionFailed()
            report(.desiredState(.failed(message)))
            failStore(message, now: now)
        case .ordered(let id, let order, let scope, let entry):
            enqueue(ExclusiveWork.PendingOrder(id: id, order: order, scope: scope, entry: entry))
        case .zonesChanged:
            loading.wantWindowed()
            for number in numbers.resting { replan(number, now: now) }
        case .stopRequested:
            if !stopping.isRequested { report(.guardChanged(.stopping)) }
            stopping.request(deadline: now.steady.advanced(by: policy.shutdownGrace))
            // A stop waits for no answer of an observer.
            for number in observing.numbers.sorted() { replan(number, now: now) }
        }
        advance(now: now, random: &random)
        defer { actions = [] }
        return actions
    }

    /// Performs every step that time and the last event have made possible.
    private mutating func advance(now: Moment, random: inout some RandomNumberGenerator) {
        guard isStarted else { return }
        probeStore(now: now)
        beginExclusiveWork(now: now)
        for number in numbers.wakingNumbers(by: now.steady) { replan(number, now: now) }
        dispatchRequests(now: now, random: &random)
        if mayWrite { for number in numbers.unsaved { save(number) } }
        if mayLoad { load(now: now) }
        if mayWrite { for change in dispatch.limitReports(permission, at: now) { report(.guardChanged(change)) } }
        stopIfDone(now: now)
        armTimer(now: now)
    }

    // MARK: Start, time and stop

    private mutating func begin(_ start: EngineStart, now: Moment) {
        precondition(!isStarted, "an engine starts once")
        isStarted = true
        nextChangeID = start.nextChangeID
        numbers.pauseFleet(start.fleetPause)
        for (account, ages) in start.recentRequests {
            dispatch.seed(account, sent: ages.map { now.steady.advanced(by: .zero - max($0, .zero)) })
        }
        dispatch.expectDisableRefused(by: start.refusingDisable)
        clock = ClockGuard(highWaterMark: start.highWaterMark)
        updateClock(now: now)
        loading.expect(dueAt: start.nextDueAt)
        // A number between disable and enable is planned first, whatever its due instant.
        numbers.holdPlaces(atRest: start.openCycles)
        loading.want(start.openCycles)
        // The clock that stored the waits has been set back since: they may end too late.
        if start.highWaterMark > now.wall { loading.wantRetrying() }
        if start.hasWindows { loading.wantWindowed() }
        report(.guardChanged(.exposurePermitted(dispatch.permittedExposure)))
    }

    /// The maximum jump of the wall clock against the monotonic one that does not count as a correction.
    private static let correction: Duration = .seconds(1)

    /// Reports when the clock falls behind a recorded instant, and when it has caught up. After it was set back, stored
    /// waits may end too late: their numbers are replanned.
    private mutating func updateClock(now: Moment) {
        clock.see(now.wall)
        let offset = now.wall.millisecondsSinceEpoch - now.steady.milliseconds
        if let clockOffset, offset < clockOffset - Self.correction.milliseconds {
            loading.wantRetrying()
            for number in numbers.resting { replan(number, now: now) }
        }
        clockOffset = offset
        guard clock.isBehind(at: now.wall) != isClockBehind else { return }
        isClockBehind.toggle()
        report(.guardChanged(isClockBehind ? .clockBehind(highWaterMark: clock.highWaterMark) : .clockRight))
    }

    /// Arms the timer for the earliest instants at which anything can change without an event.
    private mutating func armTimer(now: Moment) {
        guard !stopping.isStopped else { return }
        let wall = mayLoad ? loading.nextDueAt(atWork: numbers.groups, count: numbers.count) : nil
        let steady = [
            mayLoad ? loading.nextRetry : nil, store.retryAt, stopping.deadline,
            mayWrite && !stopping.isRequested ? exclusive.deadline : nil,
            mayWrite ? dispatch.nextPermitted(permission, now: now.steady) : nil, numbers.nextWaking,
        ].compactMap(\.self).min()
        guard (wall, steady) != armedFor else { return }
        armedFor = (wall, steady)
        actions.append(.armTimer(wall: wall, steady: steady))
    }

    /// Stops when nothing is under way and no number is exposed, or when the grace period is over.
    private mutating func stopIfDone(now: Moment) {
        guard stopping.isRequested else { return }
        let exposed = numbers.exposed
        let isQuiet =
            dispatch.flightCount == 0 && commits.isEmpty && exclusive.isQuiet && numbers.firstUnsaved == nil
            && exposed.isEmpty
        guard stopping.finish(isQuiet: isQuiet, now: now.steady) else { return }
        actions.append(.armTimer(wall: nil, steady: nil))
        report(.stopped(exposed: exposed, unanswered: dispatch.flightCount))
    }

    // MARK: Adoptions and orders

    private mutating func beginExclusiveWork(now: Moment) {
        // A page under way may bring older records of numbers whose changes the adoption would not report.
        guard mayWrite, loading.underWay == nil else { return }
        let (numbers, loading) = (numbers, loading)
        let work = exclusive.begin(mayAdopt: !stopping.isRequested, at: now) { number in
            guard numbers.holdsPlace(number) else { return false }
            // A number that is not at work yet is read next: it was exposed when the process started.
            return numbers[number].map(\.record.isExposed) ?? loading.isExpecting(number, now: now.wall)
        }
        switch work {
        case .adoption(let reading, let at):
            actions.append(.adopt(reading, following: numbers.places.union(numbers.numbers), at: at))
        case .order(let order, let at):
            commit([.order(order.order, order.scope, at: at), .event(order.entry)], for: .order)
        case nil: break
        }
    }

    /// Applies the result of an adoption: numbers at work follow the written rows, the others are due.
    private mutating func finishAdoption(_ result: AdoptionResult, now: Moment) {
        let (reading, at) = exclusive.finishAdoption()
        report(store.readSucceeded())
        let isFirst = operatorPINs == nil
        operatorPINs = reading.operatorPINs
        if case .adopted(let adoption) = result.verdict {
            let left = adoption.difference.removed.filter(numbers.isLeftExposed)
            if !left.isEmpty { report(.desiredState(.leftExposed(left))) }
        }
        for number in result.written.sorted() {
            let entry = result.entries[number]
            if numbers[number] != nil {
                follow(number, .adoption(entry, at: at), now: now)
            } else {
                loading.release(number)
                if entry?.verification != .enabled { numbers.freePlace(atRest: number) }
            }
        }
        if isFirst { for number in numbers.resting { replan(number, now: now) } }
        // Also when nothing was written: a row may have been edited by hand.
        loading.expect(dueAt: now.wall)
        switch result.verdict {
        case .adopted(let adoption): report(.desiredState(.adopted(adoption)))
        case .held(let held): report(.desiredState(.held(held)))
        case .kept: report(.desiredState(.kept))
        }
        // A number at work is read again when its next save does not fit.
        for unreadable in result.unreadable where numbers[unreadable.number] == nil {
            setAside(unreadable, interruptedIn: [], now: now)
        }
    }

    private mutating func enqueue(_ order: ExclusiveWork.PendingOrder) {
        let problem =
            store.refusal ?? (stopping.isRequested ? "the daemon is stopping" : nil) ?? exclusive.enqueue(order)
        if let problem { report(.orderEnded(order.id, StoreFailure(problem))) }
    }

    /// Applies an order that is durable: numbers at work follow it, the others are due.
    private mutating func finishOrder(_ receipt: CommitReceipt, now: Moment) {
        let (done, at) = exclusive.finishOrder()
        dispatch.endHold()
        if done.scope.isFleet {
            switch done.order {
            case .pause(let pause): numbers.pauseFleet(pause)
            case .resume: numbers.pauseFleet(nil)
            case .rotate, .reapply, .reset, .observe: break
            }
        }
        let edit = Edit.order(done.order, toFleet: done.scope.isFleet, at: at)
        let concerned: [PhoneNumber] =
            switch done.scope {
            case .all: Array(numbers.numbers)
            case .numbers(let named): named
            }
        for number in Set(concerned).sorted() {
            if numbers[number] == nil {
                loading.release(number)
            } else {
                follow(number, edit, now: now)
            }
        }
        loading.expect(dueAt: now.wall)
        report(.orderEnded(done.id, receipt.unreadable.isEmpty ? nil : StoreFailure(receipt.unreadable)))
    }

    private mutating func failOrder(_ message: String) {
        let (failed, _) = exclusive.finishOrder()
        report(.orderEnded(failed.id, StoreFailure("it could not be recorded: \(message)")))
    }

    /// Applies to a number at work the edit that the store has written to its row.
    private mutating func follow(_ number: PhoneNumber, _ edit: Edit, now: Moment) {
        numbers.change(number) { $0.follow(edit) }
        replan(number, now: now)
    }

    // MARK: Planning one number

    /// Returns the planner's decision, with the operator's PIN if the entry names one.
    private func decide(_ record: NumberRecord, now: Moment) -> Decision {
        let operatorPIN = record.desired?.operatorPINName.flatMap { operatorPINs?[$0] }
        let decision = Planner.decide(
            record, operatorPIN: operatorPIN, fleetPause: numbers.fleetPause, policy: policy, now: now.wall)
        return clock.permit(decision, for: record, at: now.wall)
    }

    /// Replans a number that waits or rests; the others are planned when the work under way for them has ended.
    private mutating func replan(_ number: PhoneNumber, now: Moment) {
        guard let entry = numbers[number] else { return }
        switch entry.stage {
        case .waiting(let key): dispatch.dequeue(key)
        case .resting, .observing: break
        case .planned, .committing, .inFlight, .unsaved, .saving, .reloading: return
        }
        numbers.change(number) { $0.replan() }
        plan(number, now: now)
    }

    /// Decides about a number without work under way, and carries out the decision.
    private mutating func plan(_ number: PhoneNumber, now: Moment) {
        guard let record = numbers[number]?.record else { return }
        let decision = decide(record, now: now)
        if operatorPINs == nil, record.desired?.operatorPINName != nil, !decision.isSend {
            // The files are still being read, including the number's operator-owned PIN: the first decision about it
            // follows that reading.
            return rest(number, until: now.wall.advanced(by: Self.firstReading), isInMemory: true, now: now)
        }
        report(.number(.planned(record, decision)))
        carryOut(decision, of: number, now: now)
    }

    private mutating func carryOut(_ decision: Decision, of number: PhoneNumber, now: Moment) {
        switch decision {
        case .send(let request, _): enqueue(number, request)
        case .idle(let until, _), .hold(let until, _): rest(number, until: until, now: now)
        case .observe(let reason, let otherwise):
            switch turn(of: number, because: reason, now: now) {
            case .atOnce: observe(number, until: otherwise.until, now: now)
            case .soon(let turn): rest(number, until: wall(at: turn, of: number, now: now), isInMemory: true, now: now)
            case .later(let turn):
                let turn = wall(at: turn, of: number, now: now)
                rest(number, until: min(otherwise.until ?? turn, turn), now: now)
            case .never: carryOut(otherwise, of: number, now: now)
            }
        }
    }

    /// Returns the wall-clock time of a turn. A difference within the rounding of the two clocks causes no save.
    private func wall(at turn: SteadyInstant, of number: PhoneNumber, now: Moment) -> Instant {
        let instant = now.wall(at: turn)
        guard let known = numbers[number]?.record.dueAt, known > now.wall,
            known.advanced(by: .seconds(-1)) < instant, instant < known.advanced(by: .seconds(1))
        else { return instant }
        return known
    }

    private mutating func enqueue(_ number: PhoneNumber, _ request: PlannedRequest) {
        guard let record = numbers[number]?.record, let account = record.desired.map(Account.init(of:)) else { return }
        let line = WaitingKey.Line(record.urgency, startsCycle: request.startsCycle)
        let key = WaitingKey(line: line, dueAt: record.dueAt ?? .distantPast, number: number, account: account)
        dispatch.enqueue(key)
        numbers.change(number) { $0.wait(under: key) }
    }

    /// Puts a number to rest until `until`: in the store, or in memory while it is exposed or `isInMemory`.
    private mutating func rest(_ number: PhoneNumber, until: Instant?, isInMemory: Bool = false, now: Moment) {
        numbers.change(number) { $0.record.dueAt = until }
        guard let entry = numbers[number] else { return }
        guard entry.isSaved else {
            numbers.change(number) { $0.postpone() }
            return
        }
        if isInMemory || entry.record.isExposed && mayRestInMemory(entry), let until {
            numbers.change(number) { $0.rest(until: now.steady(at: until)) }
        } else {
            remove(number)
            loading.expect(dueAt: until)
        }
    }

    private mutating func remove(_ number: PhoneNumber) {
        numbers.remove(number)
        observing.release(number)
    }

    /// Returns whether an exposed number may rest in memory: always when we have exposed it, otherwise as long as that
    /// leaves room for numbers that are due.
    private func mayRestInMemory(_ entry: ActiveNumber) -> Bool {
        guard let group = entry.record.dueGroup, group.urgency != .exposed else { return true }
        return numbers.groups[group] ?? 0 <= loading.room(atWork: numbers.groups).perGroup / 2
    }

    // MARK: Observations

    private mutating func turn(of number: PhoneNumber, because reason: DecisionReason, now: Moment) -> Observing.Turn {
        guard !stopping.isRequested, let observer = numbers[number]?.record.desired?.observation?.observer else {
            return .never
        }
        return observing.turn(of: number, by: observer.account, isFirst: reason == .observing, now: now.steady)
    }

    /// Asks the observer of a number; work that falls due at `until` does not wait for the answer.
    private mutating func observe(_ number: PhoneNumber, until: Instant?, now: Moment) {
        guard let entry = numbers[number], let observation = entry.record.desired?.observation else { return }
        // During an adoption the number may be about to leave the desired state.
        guard entry.isSaved, mayWrite else {
            numbers.change(number) { $0.postpone() }
            return
        }
        let id = observing.ask(number, of: observation.observer.account, at: now)
        numbers.change(number) { $0.ask(id, until: until.map(now.steady(at:))) }
        actions.append(
            .observe(
                ObserverCall(
                    id: id, number: number, phoneNumberID: observation.id, observer: observation.observer)))
    }

    /// Handles an observer's answer. One that is no longer waited for proves nothing: a request may have been sent
    /// since.
    private mutating func finishObservation(
        _ id: Int64, _ answer: ObserverAnswer, now: Moment, random: inout some RandomNumberGenerator
    ) {
        let jitter = Double.random(in: 0..<1, using: &random)
        guard let (question, change) = observing.finish(id, answer, at: now, jitter: jitter) else { return }
        if let change { report(.guardChanged(change)) }
        guard let entry = numbers[question.number], entry.isObserved(by: id) else { return }
        let after = entry.record.observed(answer, askedAt: question.askedAt, now: now.wall, policy: policy)
        numbers.change(question.number) { $0.observe(after) }
        report(.number(.observed(after, answer)))
        plan(question.number, now: now)
    }

    // MARK: Requests

    private var permission: Dispatch.Permission {
        Dispatch.Permission(
            isOnlyUrgent: stopping.isRequested || exclusive.isReadingWaiting, places: numbers.held,
            permitsCycles: !stopping.isRequested)
    }

    /// Dispatches as many requests as the limits permit.
    private mutating func dispatchRequests(now: Moment, random: inout some RandomNumberGenerator) {
        while mayWrite {
            let permission = permission
            guard let key = dispatch.next(permission, now: now.steady) else { return }
            numbers.change(key.number) { $0.replan() }
            depart(key.number, permission, now: now, random: &random)
        }
    }

    /// Plans a number once more when its turn has come, and asks for the commit that must precede its request.
    private mutating func depart(
        _ number: PhoneNumber, _ permission: Dispatch.Permission, now: Moment, random: inout some RandomNumberGenerator
    ) {
        guard let record = numbers[number]?.record else { return }
        var decision = decide(record, now: now)
        if case .observe(let reason, let otherwise) = decision, turn(of: number, because: reason, now: now) == .never {
            decision = otherwise
        }
        guard case .send(let request, let reason) = decision, let desired = record.desired,
            !request.startsCycle || dispatch.mayStartCycle(permission, at: Account(of: desired), now: now.steady)
        else {
            plan(number, now: now)
            return
        }
        var departure = record.departing(
            with: request, because: reason, changeID: nextChangeID, now: now.wall, random: &random)
        departure.record.dueAt = now.wall
        nextChangeID += 1
        dispatch.depart(departure.flight.changeID, number: number, to: Account(of: desired), now: now.steady)
        let change = ChangeEntry(of: departure.flight, number: number)
        let id = nextCommitID()
        let mutations = numbers.change(number) { $0.depart(departure, as: change, in: id) }
        commit(mutations, as: id, for: .number(number))
    }

    /// Sends a request whose record is durable.
    private mutating func send(_ flight: Flight, _ record: NumberRecord) {
        guard let desired = record.desired else { preconditionFailure("a request is of a managed number") }
        let operation: VendorOperation
        switch flight.effect {
        case .off: operation = .disable
        case .on(let generation):
            guard let pin = record.generation(generation)?.pin else {
                preconditionFailure("an enable's generation is in its record, unsealed")
            }
            operation = .enable(pin)
        }
        report(.number(.requestSent(ChangeEntry(of: flight, number: record.number))))
        actions.append(
            .send(
                VendorCall(
                    changeID: flight.changeID, number: record.number, vendor: desired.vendor,
                    endpoint: desired.endpoint, phoneNumberID: desired.phoneNumberID, tokenName: desired.tokenName,
                    operation: operation)))
    }

    /// Handles the end of a request: the belief is narrowed as far as the outcome proves, and the number replanned.
    private mutating func arrive(
        _ changeID: Int64, _ outcome: Outcome, now: Moment, random: inout some RandomNumberGenerator
    ) {
        guard let number = dispatch.finish(changeID), let entry = numbers[number],
            case .inFlight(let flight) = entry.stage
        else { preconditionFailure("an answer belongs to a request in flight") }
        let before = entry.record
        var after = before.arriving(
            from: flight, with: outcome, now: now.wall, policy: policy, jitter: Double.random(in: 0..<1, using: &random)
        )
        after.dueAt = now.wall
        numbers.change(number) {
            $0.arrive(after, closing: .closeChange(id: changeID, answeredAt: now.wall, outcome: outcome))
        }
        let end = Dispatch.End(flight: flight, number: number, outcome: outcome, before: before, after: after)
        for change in dispatch.conclude(end, at: now, jitter: Double.random(in: 0..<1, using: &random)) {
            report(.guardChanged(change))
        }
        var change = ChangeEntry(of: flight, number: number)
        change.answeredAt = now.wall
        change.outcome = outcome
        report(.number(.requestEnded(change, after)))
        plan(number, now: now)
    }

    // MARK: Commits

    private mutating func nextCommitID() -> CommitID {
        lastCommitID += 1
        return CommitID(value: lastCommitID)
    }

    private mutating func commit(_ mutations: [StoreMutation], as id: CommitID? = nil, for purpose: Purpose) {
        let id = id ?? nextCommitID()
        commits[id] = purpose
        actions.append(.commit(id, mutations))
    }

    /// Commits a number's record, and the ends of requests that the history does not have yet.
    private mutating func save(_ number: PhoneNumber) {
        if case .waiting(let key) = numbers[number]?.stage {
            dispatch.dequeue(key)
            numbers.change(number) { $0.postpone() }
        }
        let id = nextCommitID()
        let mutations = numbers.change(number) { $0.save(in: id) }
        commit(mutations, as: id, for: .number(number))
    }

    /// Handles a durable commit: its request may be sent, its number replanned, or its order followed.
    private mutating func confirm(_ id: CommitID, _ receipt: CommitReceipt, now: Moment) {
        guard let purpose = commits.removeValue(forKey: id) else { return }
        report(store.commitSucceeded())
        switch purpose {
        case .order: finishOrder(receipt, now: now)
        case .history: break
        case .number(let number):
            switch numbers[number]?.stage {
            case .committing(id, _):
                let flight = numbers.change(number) { $0.confirmDeparture() }
                if let record = numbers[number]?.record { send(flight, record) }
            case .saving(id):
                numbers.change(number) { $0.confirmSave() }
                plan(number, now: now)
            case .planned, .waiting, .committing, .inFlight, .unsaved, .saving, .resting, .observing, .reloading, nil:
                preconditionFailure("a commit belongs to the number that asked for it")
            }
        }
    }

    /// Handles a failed commit: nothing is sent, and its number waits, is read again, or is set aside.
    private mutating func revert(_ id: CommitID, _ failure: CommitFailure, now: Moment) {
        guard let purpose = commits.removeValue(forKey: id) else { return }
        if case .outage(let message) = failure {
            failStore(message, now: now)
        } else {
            store.probeShowedNothing(at: now)
        }
        switch purpose {
        case .history: break
        case .order:
            switch failure {
            case .outage(let message), .refused(let message): failOrder(message)
            case .outdated: failOrder("a record was changed at the same moment: repeat the order")
            }
        case .number(let number):
            switch numbers[number]?.stage {
            case .committing(id, _):
                let flight = numbers.change(number) { $0.revertDeparture() }
                dispatch.withdraw(flight, now: now.steady)
            case .saving(id): numbers.change(number) { $0.revertSave() }
            case .planned, .waiting, .committing, .inFlight, .unsaved, .saving, .resting, .observing, .reloading, nil:
                preconditionFailure("a commit belongs to the number that asked for it")
            }
            switch failure {
            case .outage: break
            case .outdated:
                numbers.change(number) { $0.reload() }
                loading.want([number])
            case .refused(let message): setAside(UnreadableNumber(number: number, message: message), now: now)
            }
        }
    }

    /// Sets aside a number at work whose record the store refuses; the ends of its requests are still written into the
    /// history.
    private mutating func setAside(_ unreadable: UnreadableNumber, now: Moment) {
        let evidence = numbers[unreadable.number]?.evidence ?? []
        remove(unreadable.number)
        if !evidence.isEmpty { commit(evidence.map(\.closing), for: .history) }
        setAside(unreadable, interruptedIn: evidence.map(\.effect), now: now)
    }

    private mutating func setAside(_ unreadable: UnreadableNumber, interruptedIn effects: [Effect], now: Moment) {
        guard let until = loading.setAside(unreadable.number, interruptedIn: effects, at: now) else {
            failStore("more than \(Loading.maxSetAside) records cannot be read: \(unreadable.message)", now: now)
            return
        }
        report(.number(.setAside(unreadable, until: until)))
    }

    /// Handles a failure of the store: waiting orders are dropped.
    private mutating func failStore(_ message: String, now: Moment) {
        report(store.fail(message, at: now))
        for order in exclusive.dropOrders() {
            report(.orderEnded(order.id, StoreFailure(store.refusal ?? "it could not be recorded: \(message)")))
        }
    }

    /// Retries the store when it is time: with a commit that is due, or with a read.
    private mutating func probeStore(now: Moment) {
        guard exclusive.isIdle, store.beginProbe(now: now.steady) else { return }
        if let number = numbers.firstUnsaved {
            save(number)
        } else if let request = loading.begin(
            atWork: numbers.numbers, groups: numbers.groups, isProbe: true, at: now)
        {
            actions.append(.load(request, at: now.wall))
        }
    }

    // MARK: Loads

    private var mayLoad: Bool { mayWrite && !stopping.isRequested }

    /// Requests due numbers when there is room for them.
    private mutating func load(now: Moment) {
        guard let request = loading.begin(atWork: numbers.numbers, groups: numbers.groups, at: now) else { return }
        actions.append(.load(request, at: now.wall))
    }

    /// Begins to work on a page of numbers.
    private mutating func finishLoad(_ page: DuePage, now: Moment) {
        let asked = loading.underWay
        loading.finish(page)
        report(store.readSucceeded())
        for record in page.records { begin(record, now: now) }
        for failure in page.failures {
            if case .reloading = numbers[failure.number]?.stage {
                setAside(failure, now: now)
            } else if numbers[failure.number] == nil {
                setAside(failure, interruptedIn: [], now: now)
            }
        }
        // A number that is missing from the store was removed by hand.
        guard case .numbers(let wanted) = asked else { return }
        let found = Set(page.records.map(\.number)).union(page.failures.map(\.number))
        for number in wanted where !found.contains(number) {
            if case .reloading = numbers[number]?.stage {
                setAside(UnreadableNumber(number: number, message: "it is no longer in the store"), now: now)
            }
        }
    }

    private mutating func begin(_ record: NumberRecord, now: Moment) {
        let number = record.number
        let settleDelay = policy.settleDelay
        if let interruptedIn = loading.clearSetAside(number) {
            report(.number(.readAgain(number)))
            guard numbers[number] == nil else { preconditionFailure("a number that is set aside is not at work") }
            numbers.insert(ActiveNumber(record, interruptedIn: interruptedIn, now: now.wall, settleDelay: settleDelay))
        } else if let entry = numbers[number] {
            guard case .reloading = entry.stage else { return }
            numbers.change(number) { $0.finishReload(record, now: now.wall, settleDelay: settleDelay) }
        } else {
            numbers.insert(ActiveNumber(record, now: now.wall, settleDelay: settleDelay))
        }
        reportUnreadablePINs(of: number)
        plan(number, now: now)
    }

    private mutating func reportUnreadablePINs(of number: PhoneNumber) {
        guard let entry = numbers[number], entry.record.belief.maybeForeign, !entry.saved.belief.maybeForeign else {
            return
        }
        let unreadable = entry.record.belief.generations.filter(entry.record.isUnreadable)
        if !unreadable.isEmpty { report(.number(.pinsUnreadable(number, generations: unreadable))) }
    }

    // MARK: Reports

    private mutating func report(_ report: EngineReport) { actions.append(.report(report)) }

    private mutating func report(_ report: EngineReport?) {
        if let report { actions.append(.report(report)) }
    }
}

extension ChangeEntry {
    /// Creates the entry of a request that has not ended.
    init(of flight: Flight, number: PhoneNumber) {
        self.init(
            id: flight.changeID, number: number, action: flight.effect.action, reason: flight.reason,
            generation: flight.effect.generation, sentAt: flight.sentAt, to: flight.account)
    }
}

extension StoreFailure {
    /// Creates the failure of an order that could not be applied to all of its numbers.
    init(_ unreadable: [UnreadableNumber]) {
        let first = unreadable.prefix(3).map { "\($0.number) (\($0.message))" }.joined(separator: ", ")
        let more = unreadable.count > 3 ? " and \(unreadable.count - 3) more" : ""
        self.init("it is not in force for \(first)\(more): the record cannot be read; it is in force for all others")
    }
}
