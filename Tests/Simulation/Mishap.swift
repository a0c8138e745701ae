import Planning
import Reconciler

/// A disturbance of the daemon from outside.
enum Mishap: CaseIterable {
    case crash
    case edit
    case invalidFile
    case cleanStop
    case clockForward
    case clockBack
    case weather
    case diskFailure
    case accept
    case order
    case recordFailure
    case intrusion
}

extension World {
    /// Spreads mishaps over the run; further ones are scheduled close to requests.
    func scheduleMishaps() {
        let most: [(Mishap, Int)] = [
            (.crash, 8), (.edit, 16), (.invalidFile, 3), (.cleanStop, 3), (.clockForward, 3), (.clockBack, 3),
            (.weather, 24), (.diskFailure, 4), (.accept, 3), (.order, 8), (.recordFailure, 2), (.intrusion, 2),
        ]
        for (mishap, count) in most {
            for _ in 0..<random.int(0...count) {
                let moment = Milliseconds.random(in: 0..<scenario.duration, using: &random)
                timeline.insert(.mishap(mishap), at: moment)
            }
        }
    }

    /// May schedule a mishap soon after a request departs.
    func mayBefall() {
        guard healthy == nil else { return }
        if options.allowsSurprisingJumps, random.chance(0.05) {
            schedule(.mishap(.clockForward), after: random.span(1...30 * .second))
        }
        guard random.chance(scenario.mishapChance) else { return }
        schedule(.mishap(random.pick(Mishap.allCases)), after: random.span(1...30 * .second))
    }

    func befall(_ mishap: Mishap) throws {
        guard healthy == nil, !options.isSteady || mishap == .weather else { return }
        switch mishap {
        case .crash: crash("out of nowhere")
        case .edit: editFile()
        case .invalidFile:
            counters.invalidFiles += 1
            file.isValid = false
            fileChanged()
        case .cleanStop: try stop()
        case .clockForward: try setClock(by: random.span(.second...(random.chance(0.5) ? .hour : 3 * .day)))
        case .clockBack: try setClock(by: -random.span(.second...4 * .hour))
        case .weather:
            weather = Weather.random(using: &random, rate: scenario.faultRate)
            note("weather: \(weather.faults.map(\.rawValue)) \(weather.probability)")
            if weather.probability == 1 { counters.outages += 1 }
            // An outage that exposes a number causes many requests, so it does not last for days.
            if weather.probability > 0.6 { schedule(.mishap(.weather), after: random.span(.minute...6 * .hour)) }
        case .accept:
            note("operator: accepts the file")
            file.accepted = file.state.sha256
            fileChanged()
        case .order: try giveOrder()
        case .recordFailure:
            guard let number = scenario.numbers.randomElement(using: &random) else { return }
            note("record of \(number) cannot be read or written")
            refusing.insert(number)
            schedule(.recordHeals(number), after: random.span(100...3 * .hour))
        case .intrusion: intrude()
        case .diskFailure:
            note("disk fails")
            isDiskFailing = true
            schedule(.diskHeals, after: random.span(100...2 * .hour))
        }
    }

    private func editFile() {
        file.isValid = true
        for _ in 0..<random.int(1...3) {
            counters.edits += 1
            let what = file.edit(scenario, accounts: accounts, now: clock.wall, using: &random)
            note("operator: \(what)")
        }
        fileChanged()
    }

    /// Writes to the store beside the running daemon, often while a request of that number is in flight.
    private func intrude() {
        let flying = requests.values.filter { $0.life == life && $0.landsAt == nil }.map(\.call.number)
        let choice = flying.isEmpty || random.chance(0.5) ? Array(durable.keys) : flying
        guard engine != nil, let number = choice.sorted().randomElement(using: &random) else { return }
        let order = random.pick([Order.reset, .reapply, .rotate(before: clock.wall)])
        note("intruder: \(order) \(number)")
        backoffs[number] = nil
        submit(.intrusion([.order(order, .numbers([number]), at: clock.wall)]))
    }

    private func fileChanged() {
        schedule(.readFile(life: life), after: random.span(1...2000))
    }

    private func stop() throws {
        guard engine != nil, !isStopping else { return }
        note("stop requested")
        counters.cleanStops += 1
        isStopping = true
        let grace = scenario.policy.shutdownGrace.milliseconds
        schedule(.stopDue(life: life), after: grace + .second)
        try post(.stopRequested)
    }

    private func setClock(by milliseconds: Milliseconds) throws {
        counters.clockJumps += 1
        note("clock: \(milliseconds) ms")
        if milliseconds > 0 {
            if !options.allowsSurprisingJumps { try hurryLandings(by: milliseconds) }
            limits.clear(at: clock.elapsed, isRunning: engine != nil)
            for number in scenario.numbers { accounts[number]?.catchUp() }
        }
        clock.jump(by: milliseconds)
        // Known: writes that are in the future of a corrected clock do not count.
        if clock.behind > ClockGuard.tolerance.milliseconds { limits.forgetWrites() }
    }
}
