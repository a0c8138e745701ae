import Planning
import Reconciler
import Storage

/// The operator at the control socket.
extension World {
    /// Gives any order, about one number or all.
    func giveOrder() throws {
        guard engine != nil, !isStopping else { return }
        let known = durable.keys.filter { durable[$0]?.desired != nil }.sorted()
        guard let number = known.randomElement(using: &random) else { return }
        let scope: OrderScope = random.chance(0.3) ? .all : .numbers([number])
        let order: Order
        switch random.int(0...6) {
        case 0...1:
            order = .pause(
                Pause(since: clock.wall, by: "operator", reason: "drill", includesExposed: random.chance(0.3)))
        case 2...3: order = .resume
        case 4: order = .rotate(before: clock.wall.advanced(by: .milliseconds(random.pick([0, 0, Milliseconds.hour]))))
        case 5: order = .reapply
        default: order = .reset
        }
        try giveOrder(order, scope)
    }

    /// Ends every pause.
    func endPauses() throws {
        guard engine != nil else { return }
        if try store.reader.fleetPause() != nil { try giveOrder(.resume, .all) }
        for number in durable.keys.sorted() where durable[number]?.pause != nil && durable[number]?.desired != nil {
            try giveOrder(.resume, .numbers([number]))
        }
    }

    func giveOrder(_ order: Order, _ scope: OrderScope) throws {
        counters.orders += 1
        lastOrder += 1
        let id = OrderID(lastOrder)
        outstandingOrders[id] = (order, scope)
        note("operator: \(order) \(scope)")
        // From here on a resume may have been carried out, whatever the answer.
        switch order {
        case .resume: forgetPauses(scope)
        case .reapply, .reset: for number in numbers(of: scope) { backoffs[number] = nil }
        // The pause may have replaced an earlier one, whether or not that is reported.
        case .pause(let pause): overtakingPauses.insert(pause)
        case .rotate, .observe: break
        }
        let event = EventEntry(at: clock.wall, kind: .paused, actor: "operator", detail: "drill")
        try post(.ordered(id, order, scope, event))
        mayCrash()
    }

    private func forgetPauses(_ scope: OrderScope) {
        switch scope {
        case .all: fleetPause = nil
        case .numbers(let numbers): for number in numbers { pauses[number] = nil }
        }
    }

    /// Handles the report of an order's end.
    func hearOrder(_ id: OrderID, _ failure: StoreFailure?) {
        guard let (order, scope) = outstandingOrders.removeValue(forKey: id) else {
            preconditionFailure("an order ends once")
        }
        note("engine: order \(id.value) \(failure?.description ?? "done")")
        // An order that is answered with "repeat it" is repeated.
        if failure != nil, healthy != nil { schedule(.operate(life: life), after: 60 * .second) }
        guard failure == nil, case .pause(let pause) = order else { return }
        overtakingPauses.remove(pause)
        switch scope {
        case .all: fleetPause = pause
        case .numbers(let numbers):
            for number in numbers where durable[number]?.desired != nil { pauses[number] = pause }
        }
    }

    /// Checks that an acknowledged pause survives the process. A later pause that was not acknowledged, because the
    /// process ended, may be in the store instead, and is then in force.
    func checkPauses() throws {
        guard !options.skipsSync else { return }
        if let known = fleetPause {
            let stored = try store.reader.fleetPause()
            guard let stored, isInForce(known, stored) else {
                throw Violation(.housekeeping, "the pause of all numbers is not in the store")
            }
            fleetPause = stored
        }
        for (number, known) in pauses {
            guard let stored = durable[number]?.pause, isInForce(known, stored) else {
                throw Violation(.housekeeping, "the pause of \(number) is not in the store")
            }
            pauses[number] = stored
        }
    }

    private func isInForce(_ known: Pause, _ stored: Pause) -> Bool {
        stored == known || overtakingPauses.contains(stored)
    }

    /// Checks that only requests that end an exposure are sent while a number is paused, and not even those when the
    /// pause includes exposed numbers.
    func checkPause(of entry: ChangeEntry) throws {
        for pause in [pauses[entry.number], fleetPause].compactMap({ $0 }) {
            let record = planned[entry.number]
            let endsExposure = record?.isExposed == true || record?.cycle?.isOurs == true
            guard !pause.includesExposed, endsExposure else {
                throw Violation(.onlyManagedNumbers, "a request for \(entry.number) departs, which is paused")
            }
        }
    }
}
