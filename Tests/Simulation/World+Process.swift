import Planning
import Reconciler
import Storage

/// The daemon's process: the engine, what carries its actions out, and its end.
extension World {
    /// Tells the engine something and carries out what it asks for; a crash may fall before, between and after.
    func tell(_ event: EngineEvent) throws {
        guard engine != nil else { return }
        noteInForce(event)
        guard let actions = engine?.handle(event, now: clock.wall, random: &engineRandom) else { return }
        let current = life
        for action in actions {
            try carryOut(action)
            guard life == current else { return }
        }
    }

    private func noteInForce(_ event: EngineEvent) {
        guard case .adopted = event, let state = adoptedLast else { return }
        let entries = Dictionary(uniqueKeysWithValues: state.numbers.map { ($0.number, $0) })
        for (number, entry) in inForce where entries[number]?.verification != .enabled {
            if entry.verification == .enabled { exposure.forget(number) }
        }
        inForce = entries
    }

    private func carryOut(_ action: EngineAction) throws {
        switch action {
        case .commit(let id, let mutations):
            try noteDepartures(in: mutations)
            submit(.commit(id, mutations))
            mayCrash()
        case .send(let call): try send(call)
        case .load(let limit, let excluding): submit(.load(at: clock.wall, limit: limit, excluding: excluding))
        case .adopt(let state): submit(.adopt(state, at: clock.wall))
        case .armTimer(let instant): timer = instant
        case .report(let report): try hear(report)
        }
    }

    private func hear(_ report: EngineReport) throws {
        switch report {
        case .requestSent(let entry):
            note("engine: \(Self.text(of: entry))")
        case .requestEnded(let entry, let record):
            limits.withdraw(entry.id)
            note("engine: #\(entry.id) ended \(entry.outcome?.reason.rawValue ?? "?"), \(Self.text(of: record))")
        case .planned(let record, let decision):
            planned[record.number] = record
            note("engine: \(record.number) \(Self.text(of: decision))")
        case .adopted(let adoption): note("engine: revision \(adoption.revision) in force")
        case .orderEnded(let id, let failure): hearOrder(id, failure)
        case .endpointDown(let endpoint, _): note("engine: \(endpoint.text) is down")
        case .endpointUp(let endpoint, _): note("engine: \(endpoint.text) is up")
        case .leftExposed(let numbers): note("engine: left exposed \(numbers)")
        case .storeFailed(_, let retryAt): note("engine: store failed, again at \(retryAt)")
        case .storeRecovered: note("engine: store recovered")
        case .numberUnreadable(let number, let message):
            throw Violation(.pinsAreKept, "\(number) is unreadable: \(message)")
        case .stopped(let exposed, let unanswered):
            note("engine: stopped, exposed \(exposed), unanswered \(unanswered)")
            endProcess()
            schedule(.restart, after: healthy == nil ? random.span(100...6 * .hour) : .second)
        default: note("engine: something else to report")
        }
    }

    /// The process ends here and now; nobody hears of what it was waiting for.
    func endProcess() {
        life += 1
        engine = nil
        timer = nil
        isStopping = false
        jobs = []
        adoptedLast = nil
        planned = [:]
        limits.forgetProcess()
        abandonRequests()
    }

    func crash(_ why: String) {
        guard engine != nil else { return }
        counters.crashes += 1
        note("crash: \(why)")
        endProcess()
        if options.skipsSync { losePowerUnsynced() }
        schedule(.restart, after: random.span(10...(random.chance(0.1) ? 2 * .day : 10 * .minute)))
    }

    /// A crash in a moment at which something is under way.
    func mayCrash() {
        guard healthy == nil, random.chance(scenario.crashChance) else { return }
        crash("at an interesting point")
    }

    /// A new process on what is durable.
    func restart() throws {
        guard engine == nil else { return }
        guard !isDiskFailing else {
            schedule(.restart, after: 5 * .second)
            return
        }
        note("restart")
        let now = clock.wall
        backoffs = retryAts
        for entry in try store.recoverInterrupted(at: now) { note("interrupted: \(Self.text(of: entry))") }
        journal.append(.recover(at: now))
        releaseAbandoned()
        try rereadStore()
        inForce = durable.compactMapValues(\.desired)
        exposure.keep { inForce[$0]?.verification == .enabled }
        knownPINs = [:]
        outstandingOrders = [:]
        engine = Engine(policy: scenario.policy)
        let start = EngineStart(
            nextChangeID: try store.reader.nextChangeID(), openCycles: try store.reader.exposedNumbers(),
            nextDueAt: try store.reader.nextDueAt(), highWaterMark: try store.reader.highWaterMark() ?? .distantPast,
            fleetPause: try store.reader.fleetPause()
        )
        try tell(.started(start))
        if healthy != nil { schedule(.operate(life: life), after: 2 * .second) }
        schedule(.readFile(life: life), after: random.span(1...500))
    }

    /// What the daemon's loader does at a start and when the file changes.
    func readFile() throws {
        guard engine != nil else { return }
        if file.isValid {
            var state = file.state
            // In the end the operator means what the file says.
            if healthy != nil || file.accepted == state.sha256 { state.acceptedBy = "operator" }
            note("file: \(state.numbers.count) numbers")
            try tell(.desiredStateRead(state))
            // A state that is held leaves the numbers of the last one with their PINs.
            let named = state.numbers.compactMap { entry in entry.operatorPINName.map { (entry.number, $0) } }
            try takePINs(named + store.reader.operatorPINNames())
        } else {
            note("file: invalid")
            submit(.loadFailure(at: clock.wall))
            try takePINs(try store.reader.operatorPINNames())
        }
    }

    private func takePINs(_ names: [(PhoneNumber, String)]) throws {
        var values: [String: PIN] = [:]
        for (_, name) in names { values[name] = file.operatorPINs[name] }
        let changed = names.filter { values[$0.1] != knownPINs[$0.1] }.map(\.0)
        knownPINs = values
        try tell(.operatorPINsRead(values, changed: changed))
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

    private static func text(of decision: Decision) -> String {
        switch decision {
        case .idle(let until, let reason): "idle \(reason.rawValue) until \(until.map { "\($0)" } ?? "ever")"
        case .hold(let until, let reason): "hold \(reason.rawValue) until \(until.map { "\($0)" } ?? "ever")"
        case .send(let request, let reason):
            "wants \(request.action.rawValue)\(request.startsCycle ? " (cycle)" : "") \(reason.rawValue)"
        }
    }
}
