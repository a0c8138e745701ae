import Planning

/// The numbers that the engine is working on, with the indexes that follow from their stages, and the places of the
/// exposure budget.
struct NumbersAtWork: Sendable {
    /// When a number that rests at hand is planned again.
    private struct Waking: Comparable, Sendable {
        let at: Instant
        let number: PhoneNumber

        static func < (left: Waking, right: Waking) -> Bool {
            left.at == right.at ? left.number < right.number : left.at < right.at
        }
    }

    private var entries: [PhoneNumber: ActiveNumber] = [:]
    private var wakings = SortedQueue<Waking>()
    private var unsavedNumbers: Set<PhoneNumber> = []
    private var placesAtWork: Set<PhoneNumber> = []
    private var placesAtRest: Set<PhoneNumber> = []

    var count: Int { entries.count }
    var numbers: Dictionary<PhoneNumber, ActiveNumber>.Keys { entries.keys }

    /// The earliest instant at which a number that rests at hand is planned again.
    var nextWaking: Instant? { wakings.first?.at }

    /// The numbers whose rest is over, ascending.
    func wakingNumbers(by now: Instant) -> [PhoneNumber] {
        wakings.ascending.prefix { $0.at <= now }.map(\.number).sorted()
    }

    /// The numbers that rest at hand, ascending.
    var resting: [PhoneNumber] { wakings.ascending.map(\.number).sorted() }

    /// The numbers that have to be saved, ascending.
    var unsaved: [PhoneNumber] { unsavedNumbers.sorted() }

    /// The first of the numbers that have to be saved; nil when there are none.
    var firstUnsaved: PhoneNumber? { unsavedNumbers.min() }

    /// The numbers that are exposed, ascending. Looks at all of them.
    var exposed: [PhoneNumber] {
        entries.filter { $0.value.record.isExposed }.keys.sorted()
    }

    // MARK: Places

    /// The numbers that hold a place of the exposure budget, at work or in the store.
    var places: Set<PhoneNumber> { placesAtWork.union(placesAtRest) }

    /// How many numbers hold a place of the exposure budget.
    var placeCount: Int { placesAtWork.count + placesAtRest.count }

    func holdsPlace(_ number: PhoneNumber) -> Bool { placesAtWork.contains(number) || placesAtRest.contains(number) }

    /// Whether we have exposed the number and no answer says that it is enabled again, durable or not.
    func isLeftExposed(_ number: PhoneNumber) -> Bool {
        entries[number].map { $0.record.cycle?.isOurs == true } ?? placesAtRest.contains(number)
    }

    /// Numbers in the store hold a place: the process before has exposed them.
    mutating func holdPlaces(atRest numbers: [PhoneNumber]) { placesAtRest.formUnion(numbers) }

    /// A number in the store need not be enabled any more.
    mutating func freePlace(atRest number: PhoneNumber) { placesAtRest.remove(number) }

    // MARK: Entries

    subscript(number: PhoneNumber) -> ActiveNumber? { entries[number] }

    /// Begins to work on a number.
    mutating func insert(_ entry: ActiveNumber) {
        let number = entry.record.number
        precondition(entries[number] == nil, "a number is worked on once")
        placesAtRest.remove(number)
        entries[number] = entry
        index(number, before: nil, after: Facets(entry))
    }

    /// Changes a number at work in place: an entry is large, and most events change a part of it.
    mutating func change<Value>(_ number: PhoneNumber, _ body: (inout ActiveNumber) -> Value) -> Value {
        guard let place = entries.index(forKey: number) else { preconditionFailure("the number is at work") }
        let before = Facets(entries.values[place])
        let value = body(&entries.values[place])
        index(number, before: before, after: Facets(entries.values[place]))
        return value
    }

    /// Ends the work on a number; its place of the exposure budget stays with it.
    mutating func remove(_ number: PhoneNumber) {
        guard let entry = entries.removeValue(forKey: number) else { return }
        index(number, before: Facets(entry), after: nil)
        if entry.saved.cycle?.isOurs == true { placesAtRest.insert(number) }
    }

    /// What the indexes depend on.
    private struct Facets {
        var restsUntil: Instant?
        var needsSave: Bool
        var holdsPlace: Bool

        init(_ entry: ActiveNumber) {
            restsUntil = entry.restsUntil
            needsSave = entry.needsSave
            holdsPlace = entry.holdsPlace
        }
    }

    private mutating func index(_ number: PhoneNumber, before: Facets?, after: Facets?) {
        if before?.restsUntil != after?.restsUntil {
            if let at = before?.restsUntil { wakings.remove(Waking(at: at, number: number)) }
            if let at = after?.restsUntil { wakings.insert(Waking(at: at, number: number)) }
        }
        Self.mark(number, in: &unsavedNumbers, before?.needsSave ?? false, after?.needsSave ?? false)
        Self.mark(number, in: &placesAtWork, before?.holdsPlace ?? false, after?.holdsPlace ?? false)
    }

    private static func mark(_ number: PhoneNumber, in index: inout Set<PhoneNumber>, _ was: Bool, _ isNow: Bool) {
        guard was != isNow else { return }
        if isNow { index.insert(number) } else { index.remove(number) }
    }
}
