import Daemon
import Planning
import Storage

/// One number in full, for people: desired state, belief, history and next action.
struct NumberText {
    let standing: NumberStatus
    let snapshot: StatusSnapshot
    let policy: Policy
    /// The newest PIN generations, newest first.
    let pins: [PINRow]
    /// The newest requests, newest first.
    let changes: [ChangeEntry]
    /// The newest events that name the number, newest first.
    let events: [StoredEvent]
    var isAbsolute = false

    /// The limit of generations, requests and events that are shown.
    static let maxCount = 10

    private var record: NumberRecord { standing.record }
    private var time: RelativeTime { RelativeTime(now: snapshot.now, isAbsolute: isAbsolute) }

    init(
        standing: NumberStatus, snapshot: StatusSnapshot, policy: Policy, pins: [PINRow], changes: [ChangeEntry],
        events: [StoredEvent], isAbsolute: Bool = false
    ) {
        self.standing = standing
        self.snapshot = snapshot
        self.policy = policy
        self.pins = pins
        self.changes = changes
        self.events = events
        self.isAbsolute = isAbsolute
    }

    /// Reads the rows of the number.
    init(_ standing: NumberStatus, snapshot: StatusSnapshot, policy: Policy, reader: StoreReader, isAbsolute: Bool)
        throws
    {
        let number = standing.record.number
        self.init(
            standing: standing, snapshot: snapshot, policy: policy,
            pins: try reader.pins(of: number, limit: Self.maxCount),
            changes: try reader.history(of: number, limit: Self.maxCount),
            events: try reader.events(of: number, limit: Self.maxCount), isAbsolute: isAbsolute)
    }

    func lines(width: Int, colours: Bool = false) -> [String] {
        facts(width: width, colours: colours) + pinLines(width) + changeLines(width, colours) + eventLines(width)
    }

    // MARK: Facts

    private func facts(width: Int, colours: Bool) -> [String] {
        var table = TextTable(["Number:", record.number.description])
        let full: (Instant?) -> String = { $0.map { time.full($0) } ?? "never" }
        table.add(["Label:", record.desired?.label ?? "-"])
        table.add(["Desired:", desired])
        if let desired = record.desired {
            table.add(["Vendor:", desired.vendor.rawValue + (desired.phoneNumberID.map { ", id \($0)" } ?? "")])
            table.add(["Token:", "\"\(desired.tokenName)\", at endpoint \(desired.endpoint.text)"])
        }
        table.add(["Condition:", standing.condition.rawValue], styles: [1: standing.condition.style])
        table.add(["Why:", snapshot.why(standing, time: time).explanation])
        for (index, line) in belief.enumerated() { table.add([index == 0 ? "Belief:" : "", line]) }
        let observations = ObservationText(record) { time.full($0) }
        if let observed = observations.observed {
            table.add(["Observed:", observed], styles: observations.isFailing ? [1: .warning] : [:])
        }
        if let drift = observations.drift { table.add(["Drift:", drift], styles: [1: .alarm]) }
        table.add(["Next action:", nextAction])
        if let rotationAt = standing.rotationAt { table.add(["Next PIN:", time.full(rotationAt)]) }
        table.add(["Applied:", full(record.appliedAt)])
        if let refused = record.reapplyRefusals {
            table.add(["Re-apply:", "\(refused.words), last \(time.full(refused.at))"], styles: [1: .warning])
        }
        table.add(["PIN changed:", full(record.rotatedAt)])
        table.add(["Failures:", record.attempts == 0 ? "none" : "\(record.attempts) in a row"])
        if let error = record.lastError { table.add(["Last error:", error], styles: [1: .warning]) }
        table.add(["Paused:", pause])
        return table.lines(width: width, colours: colours, maxLines: nil)
    }

    private var desired: String {
        guard let desired = record.desired else { return "not in the desired state" }
        let reapply = desired.reapplyEvery.map { "re-applied every \($0.periodText)" } ?? "never re-applied"
        guard desired.verification == .enabled else { return "disabled, \(reapply)" }
        let pin =
            desired.operatorPINName.map { "operator-owned PIN \"\($0)\"" }
            ?? desired.rotateEvery.map { "PIN rotated every \($0.periodText) (\(desired.rotationMethod.rawValue))" }
            ?? "PIN never rotated"
        let window = desired.rotationWindow.map { " within \($0.text)" } ?? ""
        return "enabled, \(pin)\(window), \(reapply)"
    }

    /// The lines of the belief: one for each state that the vendor may be in, and one for the event that settles it.
    private var belief: [String] {
        let belief = record.belief
        var lines = [belief.isCertain ? "certain:" : "one of these, not certain which:"]
        if belief.maybeOff { lines.append("off: disabled") }
        if belief.maybeForeign { lines.append("foreign: enabled with a PIN that we do not hold") }
        for generation in belief.generations {
            let likely = belief.isCertain || generation != record.likeliestGeneration ? "" : ", the likeliest"
            lines.append("on(\(generation)): enabled with our PIN of generation \(generation)\(likely)")
        }
        if belief.isCertain { lines = ["certain: " + lines[1]] }
        if let last = belief.doubts.map(\.since).max() {
            let end = last.advanced(by: policy.settleDelay)
            if end > snapshot.now {
                lines.append("an unanswered request may take effect until then: \(time.full(end))")
            }
        }
        return lines
    }

    private var nextAction: String {
        if let flight = snapshot.flights[record.number] {
            return "\(flight.action.rawValue) is on its way, sent \(time.full(flight.sentAt))"
        }
        guard let action = standing.nextStep.action else {
            return standing.condition == .converged || standing.condition == .unmanaged ? "none" : "waits, see above"
        }
        guard let at = standing.nextStep.at, at > snapshot.now else { return "\(action.rawValue), now" }
        return "\(action.rawValue), \(time.full(at))"
    }

    private var pause: String {
        guard let pause = record.pause ?? snapshot.guards.fleetPause else { return "no" }
        let exposed = pause.includesExposed ? ", even when exposed" : ""
        let all = record.pause == nil ? ", with all numbers" : ""
        let why = pause.reason.map { ": \($0)" } ?? ""
        return "since \(time.full(pause.since)) by \(pause.by)\(all)\(exposed)\(why)"
    }

    // MARK: Tables

    private func pinLines(_ width: Int) -> [String] {
        guard !pins.isEmpty else { return [] }
        var table = TextTable([
            TextTable.Column("  GENERATION"), TextTable.Column("ORIGIN", spare: 1), TextTable.Column("MADE", spare: 2),
            TextTable.Column("LIVE FROM"), TextTable.Column("LIVE UNTIL"), TextTable.Column("MAY BE LIVE"),
        ])
        for row in pins {
            let pin = row.generation
            table.add([
                "  \(pin.generation)", pin.origin.text, time.text(pin.createdAt), time.text(pin.liveFrom),
                time.text(pin.liveUntil), row.maybeLive ? "yes" : "no",
            ])
        }
        return ["", "PIN generations, newest first:"] + table.lines(width: width)
    }

    private func changeLines(_ width: Int, _ colours: Bool) -> [String] {
        guard !changes.isEmpty else { return [] }
        let text = HistoryText(time: time, isOneNumber: true)
        return ["", "Last requests, newest last:"] + text.lines(changes.reversed(), width: width, colours: colours)
    }

    private func eventLines(_ width: Int) -> [String] {
        guard !events.isEmpty else { return [] }
        let text = EventText(time: time, isOneNumber: true)
        return ["", "Last events, newest last:"] + text.lines(events.reversed(), width: width)
    }
}
