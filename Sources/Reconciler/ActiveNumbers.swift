import Planning

/// The numbers that the engine is working on, the indexes that follow from their stages, and the places of the exposure
/// budget.
struct ActiveNumbers: Sendable {
    /// The time at which a number that rests in memory is replanned.
    private struct Waking: Comparable, Sendable {
        let at: SteadyInstant
        let number: PhoneNumber

        static func < (left: Waking, right: Waking) -> Bool {
            left.at == right.at ? left.number < right.number : left.at < right.at
        }
    }

    private var entries: [PhoneNumber: ActiveNumber] = [:]
    private var wakings = SortedQueue<Waking>()
    private var unsavedNumbers: Set<PhoneNumber> = []
    /// The count of numbers of each group.
    private(set) var groups: [DueGroup: Int] = [:]
    private var placesAtWork: [PhoneNumber: HeldPlaces.Place] = [:]
    private var placesAtRest: [PhoneNumber: HeldPlaces.Place] = [:]
    /// The places of numbers at work and at rest.
    private(set) var held = HeldPlaces()
    /// The pause of all numbers, on which the kinds of places depend.
    private(set) var fleetPause: Pause?

    var count: Int { entries.count }
    var numbers: Dictionary<PhoneNumber, ActiveNumber>.Keys { entries.keys }

    /// The earliest instant at which a number that rests in memory is replanned.
    var nextWaking: SteadyInstant? { wakings.first?.at }

    /// The numbers whose rest is over, ascending.
    func wakingNumbers(by now: SteadyInstant) -> [PhoneNumber] {
        wakings.ascending.prefix { $0.at <= now }.map(\.number).sorted()
    }

    /// The numbers that rest in memory, ascending.
    var resting: [PhoneNumber] { wakings.ascending.map(\.number).sorted() }

    /// The numbers that have to be saved, ascending.
    var unsaved: [PhoneNumber] { unsavedNumbers.sorted() }

    /// The first of the numbers that have to be saved; nil when there are none.
    var firstUnsaved: PhoneNumber? { unsavedNumbers.min() }

    /// The numbers that are exposed, ascending. Visits all numbers at work.
    var exposed: [PhoneNumber] {
        entries.filter { $0.value.record.isExposed }.keys.sorted()
    }

    // MARK: Places

    /// The numbers that hold a place of the exposure budget, at work or in the store.
    var places: Set<PhoneNumber> { Set(placesAtWork.keys).union(placesAtRest.keys) }

    func holdsPlace(_ number: PhoneNumber) -> Bool { placesAtWork[number] != nil || placesAtRest[number] != nil }

    /// Returns whether we have exposed the number and no answer, durable or not, shows that it is enabled again.
    func isLeftExposed(_ number: PhoneNumber) -> Bool {
        entries[number].map { $0.record.cycle?.isOurs == true } ?? (placesAtRest[number] != nil)
    }

    /// Marks numbers in the store as holders of a place, because an earlier process has exposed them.
    mutating func holdPlaces(atRest numbers: [PhoneNumber]) {
        for number in numbers where !holdsPlace(number) {
            hold(HeldPlaces.Place(kind: .open, account: nil), atRest: number)
        }
    }

    /// Frees the place of a number in the store that no longer needs to be enabled.
    mutating func freePlace(atRest number: PhoneNumber) {
        if let place = placesAtRest.removeValue(forKey: number) { held.remove(place) }
    }

    /// Sets or clears the pause of all numbers.
    mutating func pauseFleet(_ pause: Pause?) {
        fleetPause = pause
        for (number, place) in placesAtWork {
            mark(number, place, entries[number]?.place(fleetPause: pause))
        }
    }

    private mutating func hold(_ place: HeldPlaces.Place, atRest number: PhoneNumber) {
        placesAtRest[number] = place
        held.add(place)
    }

    private mutating func mark(_ number: PhoneNumber, _ was: HeldPlaces.Place?, _ isNow: HeldPlaces.Place?) {
        guard was != isNow else { return }
        placesAtWork[number] = isNow
        if let was { held.remove(was) }
        if let isNow { held.add(isNow) }
    }

    // MARK: Entries

    subscript(number: PhoneNumber) -> ActiveNumber? { entries[number] }

    /// Begins to work on a number.
    mutating func insert(_ entry: ActiveNumber) {
        let number = entry.record.number
        precondition(entries[number] == nil, "a number is worked on once")
        freePlace(atRest: number)
        entries[number] = entry
        index(number, before: nil, after: Facets(entry, fleetPause: fleetPause))
    }

    /// Changes a number at work in place, because an entry is large and most events change a part of it.
    mutating func change<Value>(_ number: PhoneNumber, _ body: (inout ActiveNumber) -> Value) -> Value {
        guard let place = entries.index(forKey: number) else { preconditionFailure("the number is at work") }
        let before = Facets(entries.values[place], fleetPause: fleetPause)
        let value = body(&entries.values[place])
        index(number, before: before, after: Facets(entries.values[place], fleetPause: fleetPause))
        return value
    }

    /// Ends the work on a number, which keeps its place of the exposure budget.
    mutating func remove(_ number: PhoneNumber) {
        guard let entry = entries.removeValue(forKey: number) else { return }
        let place = entry.place(fleetPause: fleetPause)
        index(number, before: Facets(entry, fleetPause: fleetPause), after: nil)
        if let place, entry.saved.cycle?.isOurs == true { hold(place, atRest: number) }
    }

    /// The properties that the indexes depend on.
    private struct Facets {
        var restsUntil: SteadyInstant?
        var needsSave: Bool
        var place: HeldPlaces.Place?
        var group: DueGroup?

        init(_ entry: ActiveNumber, fleetPause: Pause?) {
            restsUntil = entry.restsUntil
            needsSave = entry.needsSave
            place = entry.place(fleetPause: fleetPause)
            group = entry.record.dueGroup
        }
    }

    private mutating func index(_ number: PhoneNumber, before: Facets?, after: Facets?) {
        if before?.restsUntil != after?.restsUntil {
            if let at = before?.restsUntil { wakings.remove(Waking(at: at, number: number)) }
            if let at = after?.restsUntil { wakings.insert(Waking(at: at, number: number)) }
        }
        Self.mark(number, in: &unsavedNumbers, before?.needsSave ?? false, after?.needsSave ?? false)
        mark(number, before?.place, after?.place)
        if before?.group != after?.group {
            if let group = before?.group { count(group, by: -1) }
            if let group = after?.group { count(group, by: 1) }
        }
    }

    private mutating func count(_ group: DueGroup, by change: Int) {
        let count = (groups[group] ?? 0) + change
        groups[group] = count == 0 ? nil : count
    }

    private static func mark(_ number: PhoneNumber, in index: inout Set<PhoneNumber>, _ was: Bool, _ isNow: Bool) {
        guard was != isNow else { return }
        if isNow { index.insert(number) } else { index.remove(number) }
    }
}
