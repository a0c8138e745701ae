import Planning

/// An order that is being made durable.
struct OutstandingOrder: Sendable {
    let id: OrderID
    let order: Order
    let scope: OrderScope
    /// What was in force before, to be put back when it cannot be made durable.
    let fleetPause: Pause?
}

/// What operators order: pauses, and work out of turn.
extension Engine {
    /// Takes an order: numbers at work follow it at once, the others are due in the store once it is durable.
    mutating func obey(_ order: Order, _ scope: OrderScope, id: OrderID, _ entry: EventEntry, now: Instant) {
        if let failure = orderFailure(now: now) {
            actions.append(.report(.orderEnded(id, failure)))
            return
        }
        lastCommitID += 1
        let commit = CommitID(value: lastCommitID)
        orders[commit] = OutstandingOrder(id: id, order: order, scope: scope, fleetPause: fleetPause)
        actions.append(.commit(commit, [.order(order, scope, at: now), .event(entry)]))
        if case .all = scope {
            switch order {
            case .pause(let pause): fleetPause = pause
            case .resume: fleetPause = nil
            case .rotate, .reapply, .reset: break
            }
        }
        for number in concerned(by: scope) { follow(number, order, scope, now: now) }
    }

    private func orderFailure(now: Instant) -> StoreFailure? {
        if let storeFailure {
            return StoreFailure("the store does not work, it is tried again at \(storeFailure.retryAt): repeat it then")
        }
        return stopDeadline == nil ? nil : StoreFailure("the daemon is stopping")
    }

    private func concerned(by scope: OrderScope) -> [PhoneNumber] {
        switch scope {
        case .all: active.numbers.filter { active[$0]?.record.desired != nil }.sorted()
        case .numbers(let numbers): numbers.filter { active[$0]?.record.desired != nil }
        }
    }

    /// An order is in force: what rests in the store is due.
    mutating func confirm(_ outstanding: OutstandingOrder, now: Instant) {
        actions.append(.report(.orderEnded(outstanding.id, nil)))
        if outstanding.order.isPauseOrResume {
            for number in concerned(by: outstanding.scope) {
                let pause = active[number]?.record.pause
                active[number]?.saved.pause = pause
            }
        }
        noteDue(now)
    }

    /// An order could not be made durable: a pause that does not outlast the process is none.
    mutating func revert(_ outstanding: OutstandingOrder, _ message: String, now: Instant) {
        actions.append(.report(.orderEnded(outstanding.id, StoreFailure("it could not be recorded: \(message)"))))
        guard outstanding.order.isPauseOrResume else { return }
        fleetPause = outstanding.fleetPause
        for number in concerned(by: outstanding.scope) {
            let pause = active[number]?.saved.pause
            change(number) { $0.pause = pause }
            lookAtOnce(number, now: now)
        }
    }

    private mutating func follow(_ number: PhoneNumber, _ order: Order, _ scope: OrderScope, now: Instant) {
        if case .all = scope, order.isPauseOrResume {
            // The fleet's pause, not the number's.
        } else {
            change(number) { $0 = $0.obeying(order, now: now) }
        }
        lookAtOnce(number, now: now)
    }

    /// Changes a number's record wherever it may be taken from next.
    private mutating func change(_ number: PhoneNumber, _ body: (inout NumberRecord) -> Void) {
        guard var entry = active[number] else { return }
        body(&entry.record)
        entry.changeSubmitted(body)
        switch entry.stage {
        case .inFlight(var flight):
            body(&flight.before)
            entry.stage = .inFlight(flight)
        case .committing(let id, var flight, let newGeneration):
            body(&flight.before)
            entry.stage = .committing(id, flight, newGeneration: newGeneration)
        case .waiting, .saving, .resting, .stuck: break
        }
        active[number] = entry
    }

    /// Plans a number again that nothing is under way for; the others are planned when that has ended.
    private mutating func lookAtOnce(_ number: PhoneNumber, now: Instant) {
        switch active[number]?.stage {
        case .waiting(let key):
            waiting.remove(key)
            plan(number, now: now)
        case .resting: plan(number, now: now)
        case .committing, .inFlight, .saving, .stuck, nil: break
        }
    }
}

extension Order {
    fileprivate var isPauseOrResume: Bool {
        switch self {
        case .pause, .resume: true
        case .rotate, .reapply, .reset: false
        }
    }
}
