import Dice
import Planning

/// How a simulated fleet is observed, and who else changes it. It has dice of its own: a fleet without observers lives through
/// the very same run as one of a program that knows none.
public struct Observers {
    /// What a run has of it.
    public enum Kind: String, Sendable, CaseIterable {
        case none
        /// Numbers can be observed.
        case observers
        /// Others change numbers that can be observed, and report it at times, rightly or not.
        case strangers
    }

    let kind: Kind
    var random: SplitMix64
    /// Of an answer that shows nothing.
    let faultRate: Double
    let observeEvery: Duration
    let requestsPerMinute: Int?
    /// When the observer was asked within the last minute.
    private var asked: [Milliseconds] = []
    /// Numbers that others have turned on or off since they were last seen as they are, and since when.
    private(set) var unseen: [PhoneNumber: Milliseconds] = [:]
    /// Numbers that others have changed: which PIN is live there is not known.
    private(set) var strange: Set<PhoneNumber> = []
    /// The last answer that was evidence: from when it was, and when it arrived.
    private var seen: [PhoneNumber: (from: Milliseconds, at: Instant)] = [:]

    init(seed: UInt64, kind: Kind) {
        self.kind = kind
        random = SplitMix64(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ 7)
        faultRate = random.pick([0, 0, 0.1, 0.5])
        observeEvery = .seconds(random.pick([600, 3600, 6 * 3600]))
        requestsPerMinute = random.pick([60, 60, 3, nil])
    }

    var isActive: Bool { kind != .none }

    /// A question is sent.
    mutating func ask(at now: Milliseconds) throws {
        asked = asked.filter { $0 + .minute > now } + [now]
        if let limit = requestsPerMinute, asked.count > limit {
            throw Violation(.limitsHold, "\(asked.count) questions to an observer within a minute")
        }
    }

    /// Another process starts: the minute of an observer is counted by process.
    mutating func restart() { asked = [] }

    /// Others have changed a number.
    mutating func change(_ number: PhoneNumber, isVisible: Bool, at now: Milliseconds) {
        strange.insert(number)
        if isVisible { unseen[number] = now }
    }

    /// An answer that is evidence arrived; it counts when it is durable.
    mutating func see(_ number: PhoneNumber, from: Milliseconds, at now: Instant) { seen[number] = (from, now) }

    /// What is durable about a number has changed.
    mutating func store(_ record: NumberRecord) {
        guard let answer = seen[record.number], record.sight.askedAt == answer.at else { return }
        seen[record.number] = nil
        if let since = unseen[record.number], since <= answer.from { unseen[record.number] = nil }
    }

    /// The store is replaced: answers that were to become durable are forgotten.
    mutating func forgetAnswers() { seen = [:] }

    /// The number's entry names another number from now on.
    mutating func forget(_ number: PhoneNumber) {
        unseen[number] = nil
        seen[number] = nil
    }
}

/// When a number was turned on and off, as far back as an observer may lag.
struct VisibleHistory {
    private var changes: [(at: Milliseconds, isOff: Bool)] = []
    private static let longest = 64

    mutating func note(_ isOff: Bool, before wasOff: Bool, at now: Milliseconds) {
        if changes.isEmpty { changes.append((.min, wasOff)) }
        guard changes.last?.isOff != isOff else { return }
        changes.append((now, isOff))
        if changes.count > Self.longest { changes.removeFirst() }
    }

    /// Whether it was off at an instant; nil when it has not changed.
    func isOff(at instant: Milliseconds) -> Bool? { changes.last { $0.at <= instant }?.isOff }

    /// The wall clock was set forward: what lags by that clock is seen.
    mutating func catchUp() { changes.removeFirst(max(0, changes.count - 1)) }
}
