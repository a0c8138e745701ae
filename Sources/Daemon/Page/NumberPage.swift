import Planning
import Storage

/// `/numbers/{number}`: one number in full, in words.
struct NumberPage {
    let now: Instant
    let standing: NumberStatus
    let pins: [PINRow]
    /// Newest first.
    let changes: [ChangeEntry]
    /// Reports and drift, newest first.
    let events: [StoredEvent]

    /// The limit of events that are shown.
    static let maxEvents = 200

    private var time: PageTime { PageTime(relative: RelativeTime(now: now)) }
    private var record: NumberRecord { standing.record }

    var document: String {
        PageFrame(
            title: "\(record.number) – twostepd", now: now, content: head + facts + generations + timeline
        ).document
    }

    private var head: HTML {
        let label: HTML = record.desired?.label.map { label in " <small>\(label)</small>" } ?? ""
        return """
            <nav aria-label="Breadcrumb"><a href="/">All numbers</a></nav>
            <h1>\(record.number.description)\(label) \(standing.condition.badge)</h1>
            <p class="lead">\(standing.sentence.capitalizedFirst).\(nextInWords)</p>
            """
    }

    private var nextInWords: HTML {
        guard let action = standing.nextStep.action else { return "" }
        return standing.nextStep.at == nil
            ? " Next: \(action.rawValue)." : " Next: \(action.rawValue), \(time.html(standing.nextStep.at))."
    }

    private var facts: HTML {
        let states = Self.words(record.belief)
        let pause: HTML =
            record.pause.map { pause in
                "<dt>Paused</dt><dd>\(time.html(pause.since)) by \(pause.by)\(pause.reason.map { ": \($0)" } ?? "")</dd>"
            } ?? ""
        let error: HTML = record.lastError.map { error in "<dt>Last error</dt><dd>\(error)</dd>" } ?? ""
        let observations = ObservationText(record) { time.relative.text($0) }
        let seen: HTML = observations.observed.map { text in "<dt>Observed</dt><dd>\(text)</dd>" } ?? ""
        let reapply: HTML =
            record.reapplyRefusals.map { refused in
                "<dt>Re-apply</dt><dd>\(refused.words), last \(time.html(refused.at))</dd>"
            } ?? ""
        let drift: HTML = observations.drift.map { text in "<dt>Drift</dt><dd>\(Self.mark(.drift)) \(text)</dd>" } ?? ""
        return """
            <section><h2>State</h2><dl>
            <dt>Desired</dt><dd>\(record.desired?.verification.rawValue ?? "not in the desired state")</dd>
            <dt>Vendor</dt><dd>\(record.desired?.vendor.rawValue ?? "none")</dd>
            <dt>\(record.belief.isCertain ? "Certainly" : "Uncertain")</dt><dd>\(states)</dd>
            \(seen)\(drift)
            <dt>Applied</dt><dd>\(time.html(record.appliedAt))</dd>
            \(reapply)<dt>PIN changed</dt><dd>\(time.html(record.rotatedAt))</dd>
            <dt>PIN due to change</dt><dd>\(time.html(standing.rotationAt))</dd>
            <dt>Failures in a row</dt><dd>\(record.attempts)</dd>
            \(pause)\(error)</dl></section>
            """
    }

    /// Returns every state that the vendor may be in: `off, or enabled with our PIN of generation 3`.
    private static func words(_ belief: Belief) -> String {
        let states =
            (belief.maybeOff ? ["off"] : [])
            + (belief.maybeForeign ? ["enabled with a PIN that is not ours"] : [])
            + belief.generations.map { "enabled with our PIN of generation \($0)" }
        return states.joined(separator: ", or ")
    }

    private var generations: HTML {
        guard !pins.isEmpty else { return "" }
        let rows = pins.map { row -> HTML in
            let pin = row.generation
            return """
                <tr><th scope="row" data-name="Generation">\(pin.generation)</th><td data-name="Origin">\(pin.origin.text)</td>\
                <td data-name="Made">\(time.html(pin.createdAt))</td><td data-name="Live from">\(time.html(pin.liveFrom))</td>\
                <td data-name="Live until">\(time.html(pin.liveUntil))</td>\
                <td data-name="May be live">\(row.maybeLive ? "yes" : "no")</td></tr>
                """
        }
        return """
            <section><h2>PIN generations</h2><p>PINs are shown only by <code>twostepd pin show</code>.</p>
            <div class="scroll"><table><thead><tr><th scope="col">Generation</th><th scope="col">Origin</th>
            <th scope="col">Made</th><th scope="col">Live from</th><th scope="col">Live until</th>
            <th scope="col">May be live</th></tr></thead><tbody>\(rows)</tbody></table></div></section>
            """
    }

    /// The requests, and between them people's reports and changes by others.
    private var timeline: HTML {
        guard !changes.isEmpty || !events.isEmpty else { return "<section><h2>Requests</h2><p>None yet.</p></section>" }
        let rows = (changes.map(Self.row) + events.map(Self.row)).sorted { $0.at > $1.at }
        let items = rows.map { row -> HTML in
            """
            <tr><th scope="row" data-name="When">\(time.html(row.at))</th><td data-name="Action">\(row.action)</td>\
            <td data-name="PIN">\(row.pin)</td><td data-name="Why">\(row.why)</td>\
            <td data-name="Outcome">\(row.outcome)</td><td data-name="Vendor">\(row.message)</td></tr>
            """
        }
        let title = events.isEmpty ? "Requests" : "Requests, reports and drift"
        return """
            <section><h2>\(title), newest first</h2><div class="scroll"><table><thead><tr><th scope="col">When</th>
            <th scope="col">Action</th><th scope="col">PIN</th><th scope="col">Why</th><th scope="col">Outcome</th>
            <th scope="col">Vendor's message</th></tr></thead><tbody>\(items)</tbody></table></div></section>
            """
    }

    /// One row of the timeline.
    private struct Row {
        let at: Instant
        let action: HTML
        var pin = "–"
        let why: String
        var outcome = "–"
        var message = ""
    }

    private static func row(_ change: ChangeEntry) -> Row {
        Row(
            at: change.sentAt, action: "\(change.action.rawValue)",
            pin: change.generation.map { "gen \($0)" } ?? "–", why: change.reason.sentence,
            outcome: change.outcome.map { $0.verdict.rawValue.replacing("_", with: " ") } ?? "no answer yet",
            message: change.outcome?.message ?? "")
    }

    private static func row(_ event: StoredEvent) -> Row {
        let entry = event.entry
        // The detail of drift names its source.
        let by = entry.kind == .drift ? "" : "; by \(entry.actor)"
        return Row(at: entry.at, action: mark(entry.kind), why: entry.detail + by)
    }

    /// An event as a badge: a word and a colour, never a colour alone.
    private static func mark(_ kind: EventKind) -> HTML {
        "<span class=\"badge \(kind.rawValue)\">\(kind.rawValue.replacing("_", with: " "))</span>"
    }
}

extension String {
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
