import Planning

/// The numbers that the engine is working on, and which of those that rest at hand wakes first.
struct ActiveNumbers: Sendable {
    /// When a number at hand is to be looked at again.
    private struct Waking: Comparable, Sendable {
        let at: Instant
        let number: PhoneNumber

        static func < (left: Waking, right: Waking) -> Bool {
            left.at == right.at ? left.number < right.number : left.at < right.at
        }
    }

    private var entries: [PhoneNumber: ActiveNumber] = [:]
    private var wakings = SortedQueue<Waking>()

    var count: Int { entries.count }
    var numbers: Dictionary<PhoneNumber, ActiveNumber>.Keys { entries.keys }

    /// The earliest instant at which a number that rests at hand is to be looked at.
    var nextWaking: Instant? { wakings.first?.at }

    /// The numbers whose rest is over, ascending.
    func wakingNumbers(by now: Instant) -> [PhoneNumber] {
        wakings.ascending.prefix { $0.at <= now }.map(\.number).sorted()
    }

    /// The numbers that are exposed, ascending. Looks at all of them.
    var exposed: [PhoneNumber] {
        entries.filter { $0.value.record.isExposed }.keys.sorted()
    }

    subscript(number: PhoneNumber) -> ActiveNumber? {
        get { entries[number] }
        // In place: an entry is large, and most events change a part of it.
        _modify {
            let before = entries[number]?.restsUntil
            yield &entries[number]
            noteRest(of: number, before: before, after: entries[number]?.restsUntil)
        }
    }

    private mutating func noteRest(of number: PhoneNumber, before: Instant?, after: Instant?) {
        guard before != after else { return }
        if let before { wakings.remove(Waking(at: before, number: number)) }
        if let after { wakings.insert(Waking(at: after, number: number)) }
    }
}

extension ActiveNumber {
    /// Until when it rests at hand; nil when it does not, or until an event.
    fileprivate var restsUntil: Instant? {
        switch stage {
        case .resting(let until): until
        case .waiting, .committing, .inFlight, .saving, .stuck: nil
        }
    }
}
