import Dice
import Planning

/// The observers of a simulated fleet, and the others who change it. They use a random generator of their own, so that
/// a fleet without observers has exactly the same run as in a program that knows none.
public struct Observers {
    /// The observers and strangers of a run.
    public enum Kind: String, Sendable, CaseIterable {
        case none
        /// Numbers can be observed.
        case observers
        /// Others change numbers that can be observed, and report that at times, rightly or not.
        case strangers
    }

    let kind: Kind
    var random: SplitMix64
    /// The probability of an answer that shows nothing.
    let faultRate: Double
    let observeEvery: Duration
    let requestsPerMinute: Int?
    /// The times within the last minute at which the observer was asked.
    private var asked: [Milliseconds] = []
    /// Numbers that others have turned on or off and whose true state has not been seen since, with the time of the
    /// change.
    private(set) var unseen: [PhoneNumber: Milliseconds] = [:]
    /// Numbers that others have changed, so that their live PIN is not known.
    private(set) var strange: Set<PhoneNumber> = []
    /// The last answer that was evidence: the time that it shows, and the time of its arrival.
    private var seen: [PhoneNumber: (from: Milliseconds, at: Instant)] = [:]

    init(seed: UInt64, kind: Kind) {
        self.kind = kind
        random = SplitMix64(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ 7)
        faultRate = random.pick([0, 0, 0.1, 0.5])
        observeEvery = .seconds(random.pick([600, 3600, 6 * 3600]))
        requestsPerMinute = random.pick([60, 60, 3, nil])
    }

    var isActive: Bool { kind != .none }

    /// Counts a question that is sent.
    mutating func ask(at now: Milliseconds) throws {
        asked = asked.filter { $0 + .minute > now } + [now]
        if let limit = requestsPerMinute, asked.count > limit {
            throw Violation(.limitsHold, "\(asked.count) questions to an observer within a minute")
        }
    }

    /// Resets the minute of an observer when another process starts, because each process counts its own.
    mutating func restart() { asked = [] }

    /// Records a change by others.
    mutating func change(_ number: PhoneNumber, isVisible: Bool, at now: Milliseconds) {
        strange.insert(number)
        if isVisible { unseen[number] = now }
    }

    /// Records an answer that is evidence; it counts once it is durable.
    mutating func see(_ number: PhoneNumber, from: Milliseconds, at now: Instant) { seen[number] = (from, now) }

    /// Records a change of the durable record.
    mutating func store(_ record: NumberRecord) {
        guard let answer = seen[record.number], record.observations.askedAt == answer.at else { return }
        seen[record.number] = nil
        if let since = unseen[record.number], since <= answer.from { unseen[record.number] = nil }
    }

    /// The store is replaced: answers that were to become durable are forgotten.
    mutating func forgetAnswers() { seen = [:] }

    /// Forgets the number, whose entry names another one from now on.
    mutating func forget(_ number: PhoneNumber) {
        unseen[number] = nil
        seen[number] = nil
    }
}

/// The times at which a number was turned on and off, as far back as an observer may lag.
struct VisibleHistory {
    private var changes: [(at: Milliseconds, isOff: Bool)] = []
    private static let longest = 64

    mutating func note(_ isOff: Bool, before wasOff: Bool, at now: Milliseconds) {
        if changes.isEmpty { changes.append((.min, wasOff)) }
        guard changes.last?.isOff != isOff else { return }
        changes.append((now, isOff))
        if changes.count > Self.longest { changes.removeFirst() }
    }

    /// Returns whether the number was off at an instant; nil when it has not changed.
    func isOff(at instant: Milliseconds) -> Bool? { changes.last { $0.at <= instant }?.isOff }

    /// Ends the lag after the wall clock was set forward.
    mutating func catchUp() { changes.removeFirst(max(0, changes.count - 1)) }
}
