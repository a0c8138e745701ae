import Planning
import Reconciler
import Storage

/// The daemon's process: the engine, the execution of its actions, and its end.
extension World {
    /// Passes an event to the engine and carries out its actions; a crash may occur before, between and after them.
    func post(_ event: EngineEvent) throws {
        guard engine != nil else { return }
        recordInForce(event)
        guard let actions = engine?.handle(event, at: clock.moment, random: &engineRandom) else { return }
        let current = life
        for action in actions {
            try carryOut(action)
            guard life == current else { return }
        }
    }

    private func recordInForce(_ event: EngineEvent) {
        guard case .adopted(let result) = event, case .adopted = result.verdict, let state = adoptedLast else { return }
        let entries = Dictionary(uniqueKeysWithValues: state.numbers.map { ($0.number, $0) })
        for (number, entry) in inForce where entries[number]?.verification != .enabled {
            if entry.verification == .enabled { exposure.forget(number) }
        }
        inForce = entries
    }

    private func carryOut(_ action: EngineAction) throws {
        switch action {
        case .commit(let id, let mutations):
            try recordDepartures(in: mutations)
            submit(.commit(id, mutations))
            mayCrash()
        case .send(let call): try send(call)
        case .observe(let call): try observe(call)
        case .load(let request, let now): submit(.load(request, at: now))
        case .adopt(let reading, let following, let now): submit(.adopt(reading, following: following, at: now))
        case .armTimer(let wall, let steady): timer = (wall, steady)
        case .report(let report): try hear(report)
        }
    }

    private func hear(_ report: EngineReport) throws {
        switch report {
        case .number(.requestSent(let entry)):
            note("engine: \(Self.text(of: entry))")
        case .number(.requestEnded(let entry, let record)):
            limits.withdraw(entry.id)
            note("engine: #\(entry.id) ended \(entry.outcome?.reason.rawValue ?? "?"), \(Self.text(of: record))")
        case .number(.planned(let record, let decision)):
            planned[record.number] = record
            recordExcuse(record, decision)
            recordUrgency(record, decision)
            note("engine: \(record.number) \(Self.text(of: decision))")
        case .number(.setAside(let unreadable, let until)):
            guard refusing.contains(unreadable.number) || unreadable.message == "a drill" else {
                throw Violation(.pinsAreKept, "\(unreadable.number) is unreadable: \(unreadable.message)")
            }
            note("engine: \(unreadable.number) set aside until \(until)")
        case .number(.observed(let record, let answer)):
            observedLast = record.number
            note("engine: \(Self.text(of: record)) is observed: \(answer)")
        case .number(.readAgain(let number)): note("engine: \(number) is read again")
        case .number(.pinsUnreadable(let number, _)):
            throw Violation(.pinsAreKept, "a PIN of \(number) cannot be unsealed")
        case .desiredState(.adopted(let adoption)): note("engine: revision \(adoption.revision) in force")
        case .desiredState(.leftExposed(let numbers)): note("engine: left exposed \(numbers)")
        case .orderEnded(let id, let failure): hearOrder(id, failure)
        case .guardChanged(.endpointDown(let endpoint, _)): note("engine: \(endpoint.text) is down")
        case .guardChanged(.endpointUp(let endpoint, _)): note("engine: \(endpoint.text) is up")
        case .store(.failed(let message, let retryAt)):
            guard message != "a drill" else {
                throw Violation(.housekeeping, "what the store refuses of one record counts as an outage")
            }
            note("engine: store failed, again at \(retryAt)")
        case .store(.recovered): note("engine: store recovered")
        case .stopped(let exposed, let unanswered):
            note("engine: stopped, exposed \(exposed), unanswered \(unanswered)")
            try checkStop()
            endProcess()
            schedule(.restart, after: healthy == nil ? random.span(100...6 * .hour) : .second)
        case .desiredState, .guardChanged: note("engine: something else to report")
        }
    }

    /// Ends the process at once; its pending answers are lost.
    func endProcess() {
        life += 1
        engine = nil
        timer = (nil, nil)
        isStopping = false
        jobs = []
        adoptedLast = nil
        intruded = []
        departures = [:]
        planned = [:]
        limits.forgetProcess(at: clock.elapsed)
        abandonRequests()
    }

    func crash(_ why: String) {
        guard engine != nil else { return }
        counters.crashes += 1
        note("crash: \(why)")
        endProcess()
        if options.skipsSync {
            losePowerUnsynced()
            limits.forgetDepartures()
        }
        schedule(.restart, after: random.span(10...(random.chance(0.1) ? 2 * .day : 10 * .minute)))
    }

    /// May crash at a moment when something is under way.
    func mayCrash() {
        guard healthy == nil, random.chance(scenario.crashChance) else { return }
        crash("at an interesting point")
    }

    /// Starts a new process on the durable state.
    func restart() throws {
        guard engine == nil else { return }
        guard !isDiskFailing else {
            schedule(.restart, after: 5 * .second)
            return
        }
        note("restart")
        observers.restart()
        let now = clock.wall
        try passFence()
        backoffs = retryAts
        for entry in try store.recoverInterrupted(at: now) { note("interrupted: \(Self.text(of: entry))") }
        journal.append(.recover(at: now))
        releaseAbandoned()
        try rereadStore()
        inForce = durable.compactMapValues(\.desired)
        exposure.keep { inForce[$0]?.verification == .enabled }
        outstandingOrders = [:]
        engine = Engine(policy: scenario.policy)
        let start = EngineStart(
            nextChangeID: try store.reader.nextChangeID(), openCycles: try store.reader.numbersInOpenCycles(),
            nextDueAt: try store.reader.nextDueAt(), highWaterMark: try store.reader.highWaterMark() ?? .distantPast,
            fleetPause: try store.reader.fleetPause(), recentRequests: try store.reader.recentRequests(at: now),
            refusingDisable: try store.reader.accountsRefusingDisable(),
            hasWindows: try store.reader.hasWindows()
        )
        try post(.started(start))
        if healthy != nil { schedule(.operate(life: life), after: 2 * .second) }
        schedule(.readFile(life: life), after: random.span(1...500))
    }

    /// Reads the file as the daemon's loader does at a start and when the file changes.
    func readFile() throws {
        guard engine != nil else { return }
        var reading = DesiredStateReading(state: nil)
        var named = Set(try store.reader.operatorPINNames().map(\.1))
        if file.isValid {
            var state = file.state
            // In the end the operator accepts the file.
            if healthy != nil || file.accepted == state.sha256 { state.acceptedBy = "operator" }
            note("file: \(state.numbers.count) numbers")
            named.formUnion(state.numbers.compactMap(\.operatorPINName))
            reading.state = state
        } else {
            note("file: invalid")
            submit(.loadFailure(at: clock.wall))
        }
        for name in named { reading.operatorPINs[name] = file.operatorPINs[name] }
        try post(.desiredStateRead(reading))
    }

    static func text(of entry: ChangeEntry) -> String {
        let generation = entry.generation.map { "(\($0))" } ?? ""
        return "#\(entry.id) \(entry.number) \(entry.action.rawValue)\(generation) \(entry.reason.rawValue)"
    }

    static func text(of record: NumberRecord) -> String {
        let doubts = record.belief.doubts.map { "\($0.effect)?" }.joined(separator: " ")
        return "\(record.number) {\(record.belief.elements.joined(separator: ", "))} \(doubts)"
            + (record.cycle == nil ? "" : " cycle") + (record.attempts > 0 ? " attempts \(record.attempts)" : "")
    }

    /// Excuses a number from the exposure maximum when it is paused although exposed, or waits only for an old doubt:
    /// it keeps no other number from being reset. Its cycle continues when it is resumed, or when the doubt proves
    /// true; until that cycle ends, its exposure does not count against the maximum. At most the maximum count of each
    /// kind is excused.
    private func recordExcuse(_ record: NumberRecord, _ decision: Decision) {
        if record.cycle?.isOurs != true { excused.remove(record.number) }
        let isPaused = if case .hold(_, .paused) = decision { record.isExposed } else { false }
        if isPaused || record.place(fleetPause: nil) == .unsettled { excused.insert(record.number) }
    }

    private static func text(of decision: Decision) -> String {
        switch decision {
        case .idle(let until, let reason): "idle \(reason.rawValue) until \(until.map { "\($0)" } ?? "ever")"
        case .hold(let until, let reason): "hold \(reason.rawValue) until \(until.map { "\($0)" } ?? "ever")"
        case .send(let request, let reason):
            "wants \(request.action.rawValue)\(request.startsCycle ? " (cycle)" : "") \(reason.rawValue)"
        case .observe(let reason, let otherwise): "observe \(reason.rawValue), or \(text(of: otherwise))"
        }
    }
}
