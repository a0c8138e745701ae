import Daemon
import Planning
import Storage

/// The status for people.
struct StatusText {
    let fleet: FleetReader
    let holder: LockHolder?
    let inForce: DesiredStateStatus?
    let guards: GuardsInForce
    let standings: [Standing]

    private var relative: RelativeTime { RelativeTime(now: fleet.now) }

    func print(details: Bool, reader: StoreReader?) {
        Console.print(daemonLine)
        desiredStateLines.forEach { Console.print($0) }
        GuardText(guards: guards, standings: standings, now: fleet.now).lines.forEach { Console.print($0) }
        guard !standings.isEmpty else {
            Console.print("no numbers yet: `twostepd run` or `twostepd apply` takes the desired state into force")
            return
        }
        Console.print("")
        if details {
            for standing in standings { NumberText(standing: standing, fleet: fleet, reader: reader).print() }
            return
        }
        var table = TextTable(["NUMBER", "LABEL", "DESIRED", "CONDITION", "PIN", "ROTATED", "NEXT", "WHY"])
        for standing in standings { table.add(row(standing)) }
        table.lines(width: Console.isTerminal(1) ? Console.width(1) : 0).forEach { Console.print($0) }
        Console.print("\n" + summary)
    }

    private var daemonLine: String {
        guard let holder else { return "daemon: not running" }
        let since = holder.since.map { ", since \(relative.text($0))" } ?? ""
        return "daemon: \(holder.command ?? "running"), pid \(holder.pid.map(String.init) ?? "unknown")\(since)"
    }

    private var desiredStateLines: [String] {
        guard let inForce, let revision = inForce.revision else { return ["desired state: none in force"] }
        let loaded = inForce.loadedAt.map { ", since \(relative.text($0))" } ?? ""
        let hash = inForce.sha256.map { " (sha256 \($0.prefix(12)))" } ?? ""
        var lines = ["desired state: revision \(revision)\(hash)\(loaded)"]
        if inForce.isValid == false {
            lines.append("desired state: the file is NOT VALID, so revision \(revision) stays in force:")
            lines.append("  \(inForce.problem ?? "it cannot be read")")
            lines.append("  see `twostepd check`")
        }
        if let held = inForce.held {
            lines.append(
                "desired state: the file is HELD since \(relative.text(held.since)), so revision \(revision) stays:")
            lines.append("  \(held.reason)")
            lines.append("  see `twostepd plan`; to take it: twostepd accept \(held.sha256.prefix(12))")
        }
        return lines
    }

    private func row(_ standing: Standing) -> [String] {
        let record = standing.record
        let next = standing.outlook.action.map { action in
            standing.outlook.at.map { "\(action.rawValue) \(relative.text($0))" } ?? action.rawValue
        }
        return [
            record.number.description, record.desired?.label ?? "-", record.desired?.verification.rawValue ?? "-",
            standing.condition.rawValue, record.likeliestGeneration.map { "gen \($0)" } ?? "-",
            relative.text(record.rotatedAt), next ?? "-",
            record.lastError.map { "\(standing.reason.sentence); \($0)" } ?? standing.reason.sentence,
        ]
    }

    private var summary: String {
        let counts = Dictionary(grouping: standings, by: \.condition).mapValues(\.count)
        let parts = NumberCondition.allCases.compactMap { condition in
            counts[condition].map { "\($0) \(condition.rawValue)" }
        }
        return "\(standings.count) numbers: " + parts.joined(separator: ", ")
    }
}

/// One number in full, for people.
struct NumberText {
    let standing: Standing
    let fleet: FleetReader
    let reader: StoreReader?

    func print() {
        let record = standing.record
        let relative = RelativeTime(now: fleet.now)
        let time: (Instant?) -> String = { instant in
            instant.map { "\(relative.text($0)) (\($0))" } ?? "never"
        }
        var table = TextTable(["Number:", record.number.description])
        table.add(["Label:", record.desired?.label ?? "-"])
        table.add(["Desired:", record.desired?.verification.rawValue ?? "not in the desired state"])
        table.add(["Condition:", "\(standing.condition.rawValue): \(standing.reason.sentence)"])
        let certainty = record.belief.isCertain ? "certain" : "uncertain"
        table.add(["May be:", record.belief.elements.joined(separator: ", ") + " (\(certainty))"])
        table.add(["Applied:", time(record.appliedAt)])
        table.add(["PIN changed:", time(record.rotatedAt)])
        let next = standing.outlook.action.map { "\($0.rawValue), \(time(standing.outlook.at))" }
        table.add(["Next:", next ?? "nothing"])
        table.add(["Failures:", "\(record.attempts) in a row"])
        if let pause = record.pause {
            let exposed = pause.includesExposed ? ", even when exposed" : ""
            let why = pause.reason.map { ": \($0)" } ?? ""
            table.add(["Paused:", "\(time(pause.since)) by \(pause.by)\(exposed)\(why)"])
        }
        if let error = record.lastError { table.add(["Last error:", error]) }
        table.lines(width: 0).forEach { Console.print($0) }
        printGenerations(relative)
        printChanges(relative)
    }

    private func printGenerations(_ relative: RelativeTime) {
        guard let pins = try? reader?.pins(of: standing.record.number, limit: 10), !pins.isEmpty else { return }
        Console.print("\nPIN generations, newest last:")
        var table = TextTable(["  GENERATION", "ORIGIN", "MADE", "LIVE FROM", "LIVE UNTIL", "MAY BE LIVE"])
        for pin in pins {
            table.add([
                "  \(pin.generation)", pin.origin.text, relative.text(pin.createdAt), relative.text(pin.liveFrom),
                relative.text(pin.liveUntil), pin.maybeLive ? "yes" : "no",
            ])
        }
        table.lines(width: 0).forEach { Console.print($0) }
    }

    private func printChanges(_ relative: RelativeTime) {
        guard let changes = try? reader?.history(of: standing.record.number, limit: 10), !changes.isEmpty else {
            return
        }
        Console.print("\nLast requests:")
        HistoryText(changes: changes.reversed(), now: fleet.now).print()
    }
}
