import Planning
import Storage

/// `/`: the fleet at a glance.
struct FleetPage {
    let fleet: FleetDigest
    let guards: GuardsInForce
    let desiredState: DesiredStateStatus
    /// The numbers that the held file would drop or disable, a line each; empty when no file is held.
    let heldDifference: [String]
    let changesPerDay: [DayOfChanges]

    /// The limit of numbers in the table; `status` shows them all.
    static let maxRows = 2000

    /// The count of days for which requests are shown.
    static let daysBehind = 30

    private var now: Instant { fleet.at }
    private var relative: RelativeTime { RelativeTime(now: now) }
    private var time: PageTime { PageTime(relative: relative) }

    var document: String {
        PageFrame(
            title: exposed > 0 ? "\(exposed) exposed – twostepd" : "twostepd", now: now,
            content: tiles + notices + table + timelines + stateInForce
        ).document
    }

    private func count(_ condition: NumberCondition) -> Int { fleet.conditions[condition] ?? 0 }
    private var exposed: Int { count(.exposed) }

    // MARK: Tiles

    private var tiles: HTML {
        let failing = count(.backingOff) + count(.held)
        let tiles: [(String, Int, String, Bool)] = [
            ("converged", count(.converged), "certainly as desired", false),
            ("exposed", exposed, "without protection now", exposed > 0),
            ("uncertain", count(.uncertain), "an answer is missing", false),
            ("failing", failing, "waiting, or held back", failing > 0),
            ("overdue", fleet.overdue, "PINs due to change", fleet.overdue > 0),
        ]
        let items = tiles.map { name, count, words, isBad -> HTML in
            "<li class=\"tile \(name)\(isBad ? " bad" : "")\(count == 0 ? " none" : "")\"><strong>\(count)</strong> \(name)<small>\(words)</small></li>"
        }
        return "<h1 class=\"hidden\">The fleet</h1><ul class=\"tiles\">\(items)</ul>"
    }

    // MARK: Notices

    private var notices: HTML {
        var lines: [HTML] = []
        if let pause = guards.fleetPause {
            let why = pause.reason.map { ": \($0)" } ?? ""
            lines.append("All numbers are <b>paused</b> by \(pause.by), \(time.html(pause.since))\(why).")
        }
        if desiredState.isValid == false {
            let inForce = StateInForce.stays(desiredState.revision)
            lines.append(
                "The desired-state file is <b>not valid</b>; \(inForce): \(desiredState.problem ?? "it cannot be read")"
            )
        }
        if let held = desiredState.held {
            lines.append(
                "A desired state is <b>held</b> (\(time.html(held.since))): \(held.reason). To accept it: "
                    + "<code>twostepd accept \(String(held.sha256.prefix(12)))</code>\(difference)")
        }
        if guards.clock.isBehind(at: now) {
            lines.append("The <b>clock is behind</b> what was recorded: rotations and adoptions wait.")
        }
        for state in guards.states where state.kind == .endpointDown {
            lines.append(
                "The endpoint \(state.subject) is <b>down</b> (\(time.html(state.since))): \(state.detail)")
        }
        for state in guards.states where state.kind == .endpointLimit {
            guard let until = state.until, until > now else { continue }
            lines.append(
                "Numbers wait for the <b>rate limit</b> of \(state.subject), which has room \(time.html(until)).")
        }
        for (endpoint, count) in fleet.refused.sorted(by: { $0.key < $1.key }) where count > 0 {
            let numbers = count.counted("number")
            lines.append("\(endpoint.text) <b>refuses to disable</b> \(numbers): \(Account.refusalAdvice)")
        }
        if fleet.drifted > 0 {
            let numbers = fleet.drifted.counted("number")
            lines.append("Another person or program has <b>changed</b> \(numbers), not corrected yet.")
        }
        for (observer, tally) in fleet.observers.sorted(by: { $0.key < $1.key }) where tally.unobserved > 0 {
            let numbers = tally.unobserved.counted("number")
            lines.append(
                "\(observer.text) has not <b>observed</b> \(numbers) for longer than twice <code>observe_every</code>."
            )
        }
        for state in guards.states where state.kind == .secretsKept {
            lines.append("The <b>secrets are incomplete</b> (\(time.html(state.since))): \(state.detail)")
        }
        for state in guards.states where state.kind == .filesPolled {
            lines.append("The files are <b>not watched</b>, and compared every 30 s instead: \(state.detail)")
        }
        if guards.states.contains(where: { $0.kind == .stopping }) {
            lines.append("The daemon is <b>stopping</b>: nothing starts that exposes a number.")
        }
        if fleet.reasons[.exposureBudget] ?? 0 > 0 {
            for holder in guards.holders.prefix(GuardsInForce.maxShown) {
                lines.append("\(holder.kind.sentence(for: holder.number))")
            }
        }
        guard !lines.isEmpty else { return "" }
        let items = lines.map { line -> HTML in "<li>\(line)</li>" }
        return "<section aria-label=\"What needs attention\"><ul class=\"notices\">\(items)</ul></section>"
    }

    private var difference: HTML {
        guard !heldDifference.isEmpty else { return "" }
        let items = heldDifference.map { text -> HTML in "<li>\(text)</li>" }
        return "<details><summary>Numbers that it would disable or drop</summary><ul>\(items)</ul></details>"
    }

    // MARK: Table

    private var table: HTML {
        guard fleet.count > 0 else {
            return "<p class=\"empty\">No numbers yet: add some to the desired-state file.</p>"
        }
        let rows = fleet.urgent.map(row)
        let more: HTML =
            fleet.count > Self.maxRows
            ? "<p>The \(Self.maxRows) most urgent of \(fleet.count.counted("number")); <code>twostepd status</code> has all.</p>"
            : ""
        return """
            <section aria-labelledby="numbers"><h2 id="numbers">Numbers <small>\(fleet.count)</small></h2>
            <p class="filter"><label for="filter">Filter</label> <input id="filter" type="search"
            placeholder="number, label, condition …" autocomplete="off"> <span id="shown" role="status"></span></p>
            <div class="scroll" id="rows" tabindex="0" role="region" aria-labelledby="numbers"><table id="fleet"><thead><tr>
            \(columns.map { name -> HTML in
                "<th scope=\"col\" aria-sort=\"none\"><button type=\"button\">\(name)</button></th>"
            })
            </tr></thead><tbody>
            \(Array(rows))
            </tbody></table></div>\(more)</section>
            """
    }

    /// The titles of the columns; that of observations appears with the first observation.
    private var columns: [String] {
        ["Number", "Label", "Condition", "PIN", "Rotated", "Next"] + (fleet.hasObservations ? ["Seen"] : []) + ["Why"]
    }

    private func row(_ standing: NumberStatus) -> HTML {
        let record = standing.record
        let number = record.number.description
        let path = "/numbers/" + number.replacing("+", with: "%2B")
        let pin = record.likeliestGeneration.map { "gen \($0)" } ?? "–"
        let next: HTML =
            standing.nextStep.action.map { action in
                standing.nextStep.at == nil
                    ? "\(action.rawValue)" : "\(action.rawValue) \(time.html(standing.nextStep.at))"
            } ?? "–"
        return """
            <tr><th scope="row" data-name="Number"><a href="\(path)">\(number)</a></th>\
            <td data-name="Label">\(record.desired?.label ?? "–")</td>\
            <td data-name="Condition" data-sort="\(standing.rank)">\(standing.condition.badge)</td>\
            <td data-name="PIN"\(Self.none(record.likeliestGeneration)) data-sort="\(record.likeliestGeneration ?? 0)">\(pin)</td>\
            <td data-name="Rotated"\(Self.none(record.rotatedAt)) data-sort="\(Self.sortKey(record.rotatedAt))">\(time.html(record.rotatedAt))</td>\
            <td data-name="Next"\(Self.none(standing.nextStep.action)) data-sort="\(Self.sortKey(standing.nextStep.at))">\(next)</td>\
            \(fleet.hasObservations ? seen(record.observations) : "")<td data-name="Why">\(standing.sentence)\(record.lastError.map { "; \($0)" } ?? "")</td></tr>

            """
    }

    /// Returns the cell of the newest observation, with a mark when the observer has failed since.
    private func seen(_ observations: NumberRecord.Observations) -> HTML {
        let newest: HTML = observations.newest.map { "\($0.kind.isOn ? "on" : "off") \(time.html($0.at))" } ?? "–"
        let failing: HTML = observations.failure == nil ? "" : " <small>observer fails</small>"
        let isNone: HTML = observations.newest == nil && observations.failure == nil ? " class=\"none\"" : ""
        return
            "<td data-name=\"Seen\"\(isNone) data-sort=\"\(Self.sortKey(observations.newest?.at))\">\(newest)\(failing)</td>"
    }

    /// Marks an empty cell, which is left out where space is short.
    private static func none<Value>(_ value: Value?) -> HTML { value == nil ? " class=\"none\"" : "" }

    private static func sortKey(_ instant: Instant?) -> Int {
        Int(instant?.millisecondsSinceEpoch ?? 0)
    }

    // MARK: Timelines

    private var timelines: HTML {
        let day: Int64 = 86_400_000
        let ahead = BarChart(
            title: "Rotations in the coming \(FleetDigest.daysAhead) days",
            bars: fleet.rotations.enumerated().map { index, count in
                let date = now.advanced(by: .milliseconds(Int64(index) * day)).description.prefix(10)
                return BarChart.Bar(label: String(date), good: count, bad: 0)
            }, words: ("rotations", ""))
        let counted = changesPerDay.reduce(0) { $0 + $1.accepted + $1.others }
        let isCut = counted >= StoreReader.maxCounted
        let behind = BarChart(
            title: isCut ? "The last \(counted.counted("request"))" : "Requests of the last \(Self.daysBehind) days",
            bars: (0..<Self.daysBehind).reversed().map { age in
                let date = String(now.advanced(by: .milliseconds(-Int64(age) * day)).description.prefix(10))
                let changes = changesPerDay.first { $0.day == date }
                return BarChart.Bar(label: date, good: changes?.accepted ?? 0, bad: changes?.others ?? 0)
            },
            words: ("accepted", "not accepted"))
        return "<section class=\"charts\">\(ahead.html)\(behind.html)</section>"
    }

    // MARK: Desired state

    private var stateInForce: HTML {
        guard let revision = desiredState.revision else {
            return "<section><h2>Desired state</h2><p>None is in force.</p></section>"
        }
        return """
            <section><h2>Desired state in force</h2><dl>
            <dt>Revision</dt><dd>\(revision)</dd>
            <dt>Since</dt><dd>\(time.html(desiredState.loadedAt))</dd>
            <dt>File</dt><dd><code>\(desiredState.source ?? "")</code></dd>
            <dt>SHA-256</dt><dd><code>\(desiredState.sha256 ?? "")</code></dd>
            </dl></section>
            """
    }
}
