import Daemon
import Planning
import Storage

/// The status for people: a line for each guard that holds the fleet back, then a table of numbers.
struct StatusText: Sendable {
    /// One number's line in the table.
    struct Row: Sendable {
        let cells: [String]
        let condition: NumberCondition
    }

    var snapshot: StatusSnapshot
    var isAbsolute = false

    private var time: RelativeTime { RelativeTime(now: snapshot.now, isAbsolute: isAbsolute) }

    /// Returns the text.
    ///
    /// - Parameters:
    ///   - rows: the rows of the numbers to show, in their order.
    ///   - width: the width of the terminal in columns; 0 for no limit, one line a number.
    func lines(_ rows: [Row], width: Int, colours: Bool = false) -> [String] {
        let isEmpty = snapshot.tally.all == 0
        return head(width: width) + [""]
            + (isEmpty ? [nothing] : table(rows, width: width, colours: colours))
    }

    /// Returns the lines above the numbers.
    func head(width: Int) -> [String] {
        let guards = GuardText(
            guards: snapshot.guards, awaited: snapshot.tally.awaited, now: snapshot.now
        ).lines
        return ([daemonLine] + serverLines + storeLines + desiredStateLines + guards).flatMap {
            width == 0 ? [$0] : $0.wrapped(to: width)
        }
    }

    private var nothing: String {
        guard snapshot.missing == nil else { return "no numbers here: the store of the running daemon is elsewhere" }
        if snapshot.inForce?.held != nil { return "no numbers yet: the desired state is held" }
        if snapshot.holder != nil { return "no numbers yet: no desired state is in force" }
        return "no numbers yet: `twostepd run` or `twostepd apply` puts the desired state into force"
    }

    private func table(_ rows: [Row], width: Int, colours: Bool) -> [String] {
        guard !rows.isEmpty else { return ["\(snapshot.tally.all.counted("number")), none of them selected"] }
        var table = TextTable([
            TextTable.Column("NUMBER"), TextTable.Column("LABEL"), TextTable.Column("DESIRED", spare: 1),
            TextTable.Column("CONDITION"), TextTable.Column("PIN", spare: 2), TextTable.Column("ROTATED", spare: 3),
            TextTable.Column("WHY"),
        ])
        for row in rows { table.add(row.cells, styles: colours ? [3: row.condition.style] : [:]) }
        return table.lines(width: width, colours: colours) + ["", summary]
    }

    private var daemonLine: String {
        guard let holder = snapshot.holder else {
            return "daemon: not running: what falls due waits for `twostepd run` or `twostepd apply`"
        }
        let since = holder.since.map { ", started \(time.text($0))" } ?? ""
        let who = "daemon: \(holder.command ?? "running"), pid \(holder.pid.map(String.init) ?? "unknown")\(since)"
        return snapshot.missing.map { "\(who): \(DaemonView.astraySentence($0))" } ?? who
    }

    private var storeLines: [String] { snapshot.inForce == nil ? ["store: NONE: \(snapshot.location.absence)"] : [] }

    private var serverLines: [String] { snapshot.troubles.map { "\($0.subject): \($0.detail)" } }

    private var desiredStateLines: [String] {
        guard let inForce = snapshot.inForce else { return ["desired state: none in force"] }
        let loaded = inForce.loadedAt.map { ", loaded \(time.text($0))" } ?? ""
        let hash = inForce.sha256.map { " (sha256 \($0.prefix(12)))" } ?? ""
        let inWords = inForce.revision.map { "revision \($0)\(hash)\(loaded)" } ?? "none in force"
        var lines = ["desired state: \(inWords)"]
        let stays = StateInForce.stays(inForce.revision)
        if inForce.isValid == false {
            lines.append("desired state: the file is NOT VALID, so \(stays):")
            lines.append("  \(inForce.problem ?? "it cannot be read")")
            lines.append("  see `twostepd check`")
        }
        if let held = inForce.held {
            lines.append("desired state: the file is HELD since \(time.text(held.since)), so \(stays):")
            lines.append("  \(held.reason)")
            lines.append("  see `twostepd plan`; to accept it: twostepd accept \(held.sha256.prefix(12))")
        }
        return lines
    }

    /// Returns the row of one number.
    func row(_ standing: NumberStatus) -> Row {
        let record = standing.record
        let cells = [
            record.number.description, record.desired?.label ?? "-", record.desired?.verification.rawValue ?? "-",
            standing.condition.rawValue, record.likeliestGeneration.map { "gen \($0)" } ?? "-",
            time.text(record.rotatedAt), snapshot.why(standing, time: time).line,
        ]
        return Row(cells: cells, condition: standing.condition)
    }

    private var summary: String {
        let counts = snapshot.tally.shown
        let parts = NumberCondition.allCases.compactMap { condition in
            counts[condition].map { "\($0) \(condition.rawValue)" }
        }
        let (shown, all) = (counts.values.reduce(0, +), snapshot.tally.all)
        let what = (shown == all ? "" : "\(shown) of ") + all.counted("number")
        return "\(what): " + parts.joined(separator: ", ")
    }
}

extension NumberCondition {
    /// The style of the condition on a terminal with colours.
    var style: TextStyle {
        switch self {
        case .exposed: .alarm
        case .backingOff, .held, .uncertain: .warning
        case .pending: .active
        case .converged: .good
        case .paused, .unmanaged: .quiet
        }
    }
}

/// The guards that hold the fleet back, for people: a line for each.
struct GuardText {
    let guards: GuardsInForce
    let awaited: AwaitedGuards
    let now: Instant

    var lines: [String] {
        let relative = RelativeTime(now: now)
        var lines: [String] = []
        if let pause = guards.fleetPause {
            let why = pause.reason.map { ": \($0)" } ?? ""
            let exposed = pause.includesExposed ? ", exposed numbers as well" : ""
            lines.append("PAUSED: all numbers\(exposed), \(relative.text(pause.since)) by \(pause.by)\(why)")
        }
        if guards.clock.isBehind(at: now) {
            lines.append(
                "clock: BEHIND what the store has recorded (\(guards.clock.highWaterMark)): rotations and adoptions wait; "
                    + "correct it, or see `twostepd clock accept --help`")
        }
        var unreadable: [String] = []
        for state in guards.states {
            let since = state.since.map { ", since \(relative.text($0))" } ?? ""
            switch state.kind {
            case .endpointDown: lines.append("endpoint: DOWN\(since): \(state.detail); one probe at a time")
            case .endpointLimit:
                guard let until = state.until, until > now else { continue }
                let count = awaited.limited[state.subject] ?? 0
                let who = count == 0 ? "numbers wait" : count.counted("number waits", "numbers wait")
                lines.append(
                    "endpoint: \(who) for the rate limit of \(state.subject), until \(until.textToTheSecond) (\(relative.text(until)))"
                )
            case .stopping: lines.append("daemon: STOPPING\(since): \(state.detail)")
            case .secretsKept: lines.append("secrets: INCOMPLETE\(since): \(state.detail)")
            case .filesPolled: lines.append("files: NOT WATCHED\(since), compared every 30 s: \(state.detail)")
            case .unreadableRecord: unreadable.append("\(state.subject)\(since): \(state.detail)")
            case .exposureBudget:
                // The budget is small after every start; it matters when a number waits for it.
                guard awaited.isBudget else { continue }
                lines.append("exposure: \(guards.exposed) exposed; \(state.detail)\(since)")
            }
        }
        for (account, count) in awaited.refused.sorted(by: { $0.key < $1.key }) {
            lines.append(
                "vendor: REFUSES TO DISABLE \(count.counted("number")): \(account.text); \(Account.refusalAdvice)")
        }
        if awaited.isBudget {
            lines += guards.holders.prefix(GuardsInForce.maxShown).map {
                "exposure: \($0.kind.sentence(for: $0.number))"
            }
            let more = guards.holders.count - GuardsInForce.maxShown
            if more > 0 { lines.append("exposure: \(more) more hold a place") }
        }
        lines += unreadable.prefix(Self.maxUnreadable).map { "record: SET ASIDE \($0)" }
        let more = unreadable.count - Self.maxUnreadable
        if more > 0 { lines.append("record: SET ASIDE \(more) more") }
        return lines
    }

    /// The limit of set-aside records that have a line of their own.
    private static let maxUnreadable = 5
}

/// The guards that several numbers wait for.
struct AwaitedGuards: Sendable {
    /// True when a number waits for its turn to be exposed.
    private(set) var isBudget = false
    /// The count of numbers that wait for the rate limit of an account, by its name.
    private(set) var limited: [String: Int] = [:]
    /// The count of numbers at rest because an account refuses to disable them.
    private(set) var refused: [Account: Int] = [:]

    mutating func add(_ reason: DecisionReason, account: Account?) {
        if reason == .exposureBudget { isBudget = true }
        guard let account else { return }
        if reason == .endpointLimit { limited[account.text, default: 0] += 1 }
        if reason == .disableRefused { refused[account, default: 0] += 1 }
    }
}
