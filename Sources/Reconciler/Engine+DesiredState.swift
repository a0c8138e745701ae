import Planning

/// Desired states taken into force, and the values of operator-owned PINs.
extension Engine {
    /// A valid desired state was read. Numbers that it drops while we have them exposed are enabled first, as far as
    /// the grace period of a stop goes: nobody meant to leave them without protection.
    mutating func noteRead(_ state: DesiredState, now: Instant) {
        var state = state
        let earlier = pendingAdoption ?? adopting
        // The same file read once more is still the one that somebody accepted.
        if state.acceptedBy == nil, earlier?.sha256 == state.sha256 { state.acceptedBy = earlier?.acceptedBy }
        pendingAdoption = state
        leavingExposed = openCycles
        if !leavingExposed.isEmpty { leavingExposed.subtract(state.numbers.map(\.number)) }
        leavingDeadline = leavingExposed.isEmpty ? nil : now.advanced(by: policy.shutdownGrace)
    }

    /// Begins the adoption that waits, once no other is under way and the store works.
    mutating func startAdoption(now: Instant) {
        guard adopting == nil, storeFailure == nil, let state = pendingAdoption else { return }
        leavingExposed = leavingExposed.filter { isBeingEnabled($0, now: now) }
        if !leavingExposed.isEmpty, let leavingDeadline, now < leavingDeadline { return }
        pendingAdoption = nil
        leavingDeadline = nil
        adopting = state
        actions.append(.adopt(state))
    }

    /// Whether a number is exposed and on its way out of that, as far as is known before it is loaded.
    private func isBeingEnabled(_ number: PhoneNumber, now: Instant) -> Bool {
        guard openCycles.contains(number) else { return false }
        if let entry = active[number] { return entry.record.isExposed }
        return isLoading || storeDueAt.map { $0 <= now } ?? false
    }

    /// A desired state is in force: numbers at work follow it at once, the others are due in the store.
    mutating func noteAdoption(_ adoption: Adoption, now: Instant) {
        guard let state = adopting else { preconditionFailure("an adoption was under way") }
        adopting = nil
        let difference = adoption.difference
        let affected = Set(difference.added).union(difference.changed).union(difference.removed)
        var wanted: [PhoneNumber: DesiredNumber] = [:]
        for entry in state.numbers where affected.contains(entry.number) { wanted[entry.number] = entry }
        let left = difference.removed.filter(openCycles.contains)
        if !left.isEmpty { actions.append(.report(.leftExposed(left))) }
        for number in affected.sorted() {
            if active[number] != nil {
                follow(number, wanted[number], now: now)
            } else if wanted[number]?.verification != .enabled {
                openCycles.remove(number)
            }
        }
        if !difference.added.isEmpty || !difference.changed.isEmpty { noteDue(now) }
        // A number of a state that was overtaken before it came into force is not known to the store.
        if !pendingLooks.isEmpty { pendingLooks.formIntersection(state.numbers.map(\.number)) }
        actions.append(.report(.adopted(adoption)))
    }

    /// The store holds it back: the last one stays in force.
    mutating func noteHeld(_ held: HeldState) {
        precondition(adopting != nil, "an adoption was under way")
        adopting = nil
        // Its new numbers are not known to the store.
        pendingLooks.subtract(held.added)
        actions.append(.report(.adoptionHeld(held)))
    }

    /// The store could not do it: it is tried again when the store works.
    mutating func noteAdoptionFailure(_ message: String, now: Instant) {
        pendingAdoption = pendingAdoption ?? adopting
        adopting = nil
        actions.append(.report(.adoptionFailed(message)))
        noteStoreFailure(message, now: now)
    }

    /// New values of operator-owned PINs: the numbers that they concern are looked at again.
    mutating func takeOperatorPINs(_ values: [String: PIN], changed: [PhoneNumber], now: Instant) {
        operatorPINs = values
        pendingLooks.formUnion(changed)
    }

    /// Looks again at the numbers that wait for it, once no adoption is under way and the store works.
    mutating func lookAgain(now: Instant) {
        guard adopting == nil, pendingAdoption == nil, storeFailure == nil else { return }
        for number in pendingLooks.sorted() {
            switch active[number]?.stage {
            case nil: reschedule(number, dueAt: now)
            case .resting: plan(number, now: now)
            case .waiting, .committing, .inFlight, .saving, .stuck: break
            }
        }
        pendingLooks = []
    }

    private mutating func follow(_ number: PhoneNumber, _ desired: DesiredNumber?, now: Instant) {
        guard var entry = active[number] else { return }
        let isOvertaken = desired.map { $0.endpoint != entry.record.desired?.endpoint } ?? false
        entry.record = entry.record.taking(desired)
        entry.record.dueAt = desired == nil ? nil : now
        // The adoption has ended it in the store as well.
        if entry.record.cycle == nil { entry.saved.cycle = nil }
        switch entry.stage {
        case .inFlight(var flight):
            flight.before = flight.before.taking(desired)
            flight.isOvertaken = flight.isOvertaken || isOvertaken
            entry.stage = .inFlight(flight)
            active[number] = entry
        case .committing(let id, var flight, let newGeneration):
            flight.before = flight.before.taking(desired)
            entry.stage = .committing(id, flight, newGeneration: newGeneration)
            active[number] = entry
        case .waiting(let key):
            waiting.remove(key)
            active[number] = entry
            plan(number, now: now)
        case .resting:
            active[number] = entry
            plan(number, now: now)
        case .saving, .stuck:
            active[number] = entry
        }
        noteCycle(of: number)
    }
}
