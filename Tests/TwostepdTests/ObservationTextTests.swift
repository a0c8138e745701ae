import ConfigFile
import Foundation
import Logging
import Planning
import Reconciler
import Testing

@testable import Daemon
@testable import Storage
@testable import twostepd

/// The display of observations and drift to operators, from records made by hand.
@Suite("What is shown of observations and drift")
struct ObservationTextTests {
    private let fleet: TextFleet
    private let standings: [NumberStatus]
    private let digest: FleetDigest

    init() throws {
        fleet = try TextFleet()
        standings = try fleet.standings()
        var digest = FleetDigest(at: fleet.now)
        for standing in standings { digest.add(standing) }
        self.digest = digest
    }

    private static let observer = "https://graph.facebook.com/v25.0 (observer meta)"

    private func standing(_ label: String) throws -> NumberStatus {
        try #require(standings.first { $0.record.desired?.label == label })
    }

    private func changed(_ label: String, _ change: (inout NumberRecord) -> Void) throws -> NumberStatus {
        var record = try standing(label).record
        change(&record)
        return NumberStatus(record, operatorPIN: nil, policy: Policy(), now: fleet.now)
    }

    @Test func `The JSON of a number says on, off or nothing, and when; another PIN counts as on`() throws {
        func seen(_ label: String) throws -> [String: Any] {
            let json = try JSONCoding.encoder.encode(standing(label).document)
            return try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
        }
        #expect(try seen("support-us")["observed"] as? String == "on")
        #expect(try seen("support-us")["observed_at"] as? String == "2026-11-23T08:57:00.000Z")
        #expect(try seen("billing")["observed"] as? String == "off")
        #expect(try seen("sales")["observed"] as? String == "on")
        #expect(try seen("new")["observed"] is NSNull && seen("new")["observed_at"] is NSNull)
    }

    @Test func `A number that others changed has the reason drift, and its sentence says so first`() throws {
        let drifted = try fleet.drifted()
        #expect(drifted.reason == .drift && drifted.document.reason == "drift")
        #expect(drifted.sentence.hasPrefix("another person or program disabled it; it should be enabled"))
        let corrected = try changed("support-us") { $0.observations.drift = Drift(.turnedOff, at: fleet.now) }
        #expect(corrected.condition == .converged && corrected.sentence == "as desired")
    }

    /// Returns the facts of `status NUMBER` about observations.
    private func facts(_ standing: NumberStatus) throws -> [String] {
        let text = NumberText(
            standing: standing, snapshot: try fleet.snapshot(), policy: Policy(), pins: [], changes: [], events: [])
        return text.lines(width: 0).filter { $0.hasPrefix("Observed:") || $0.hasPrefix("Drift:") }
            .map { $0.replacing(/: +/, with: ": ", maxReplacements: 1) }
    }

    @Test func `Status of one number says what was seen, when and by whom, why not, and what others changed`() throws {
        #expect(
            try facts(standing("support-us")) == ["Observed: seen on 3 min ago (2026-11-23T08:57:00Z) by observer"])
        #expect(
            try facts(standing("sales")) == [
                "Observed: not observed: \(Outcome(.authenticationRefused, httpStatus: 401).observerSentence); last seen "
                    + "on, with another PIN, 2 d ago (2026-11-21T09:00:00Z) by WhatsApp's webhook"
            ])
        #expect(
            try facts(fleet.drifted()) == [
                "Observed: seen off 2 min 10 s ago (2026-11-23T08:57:50Z) by observer",
                "Drift: another person or program disabled it 2 min 10 s ago (2026-11-23T08:57:50Z), seen by observer",
            ])
        #expect(try facts(standing("new")).isEmpty, "nobody observes it")
        #expect(try facts(changed("billing") { $0.observations = .init() }) == ["Observed: not yet"])
        let never = try changed("billing") { record in
            record.observations = .init()
            record.desired?.observeEvery = nil
        }
        #expect(try facts(never) == ["Observed: never: it is set not to be observed"])
        let failing = try changed("billing") { $0.observations = .init(failure: "no answer in time") }
        #expect(try facts(failing) == ["Observed: not observed: no answer in time; never seen"])
        // The source of a later observation that the number is on did not see it turned off.
        let later = try changed("billing") {
            $0.observations.newest = Observation(.on, at: fleet.now, source: "the webhook")
        }
        #expect(try facts(later).last?.hasSuffix("disabled it 2 min 10 s ago (2026-11-23T08:57:50Z)") == true)
    }

    private func metrics(
        _ digest: FleetDigest, counts: MetricsRecorder.Counts = .init(),
        incidents: StoreIncidents = StoreIncidents(restoredAt: nil, historyAlteredAt: nil), credentialBytes: Int? = nil
    ) throws -> [String] {
        let store = try Store.inMemory(key: SealingKey.random())
        let page = MetricsPage(
            now: fleet.now, fleet: digest, numbers: standings, size: try store.reader.size(), oldestHistory: nil,
            logBytes: 4096, incidents: incidents, credentialBytes: credentialBytes,
            guards: GuardsInForce(), desiredState: try store.reader.desiredStateStatus(), counts: counts,
            queueLength: 0, hooks: [], drift: [.turnedOff: 3])
        return page.text(.prometheus).split(separator: "\n").map(String.init)
    }

    @Test func `The metrics count drift by kind, answers by result, and the numbers of each observer`() throws {
        let recorder = MetricsRecorder()
        for answer in [ObserverAnswer.enabled, .enabled, .disabled, .unknown(Outcome(.timeout))] {
            recorder.handle(.number(.observed(standings[0].record, answer)))
        }
        let lines = try metrics(digest, counts: recorder.counts)
        for line in [
            "twostepd_drift_total{kind=\"turned_off\"} 3", "twostepd_drift_total{kind=\"turned_on\"} 0",
            "twostepd_drift_total{kind=\"pin_changed\"} 0", "twostepd_observations_total{result=\"on\"} 2",
            "twostepd_observations_total{result=\"off\"} 1", "twostepd_observations_total{result=\"unknown\"} 1",
            "twostepd_observable_numbers{observer=\"\(Self.observer)\"} 3",
            "twostepd_unobserved_numbers{observer=\"\(Self.observer)\"} 0",
            "twostepd_observation_failing_numbers{observer=\"\(Self.observer)\"} 1",
            "twostepd_observed_timestamp_seconds{observer=\"\(Self.observer)\"} 1795251600",
            "twostepd_number_observed_timestamp_seconds{number=\"+15550100001\",label=\"support-us\"} 1795424220",
            "twostepd_endpoint_down{endpoint=\"\(Self.observer)\"} 0",
        ] {
            #expect(lines.contains(line), "\(line)")
        }
    }

    @Test func `What was found of the store, its log and the credentials have a series each, and none without (20.17)`()
        throws
    {
        let names = ["twostepd_store_restored", "twostepd_history_altered", "twostepd_credential_bytes"]
        let none = try metrics(digest)
        #expect(none.contains("twostepd_store_log_bytes 4096"))
        #expect(!none.contains { line in names.contains { line.hasPrefix($0) } })
        let found = try metrics(
            digest, incidents: StoreIncidents(restoredAt: fleet.now, historyAlteredAt: fleet.now), credentialBytes: 7)
        let seconds = String(Double(fleet.now.millisecondsSinceEpoch) / 1000)
        #expect(found.contains("twostepd_credential_bytes 7"))
        for name in names.prefix(2) {
            let line = try #require(found.first { $0.hasPrefix(name + "_timestamp_seconds ") })
            #expect(Double(line.split(separator: " ")[1]) == Double(seconds))
        }
    }

    @Test func `A PIN that is late is overdue although a pause or the next window holds it (20.17)`() throws {
        let long = fleet.now.advanced(by: .seconds(-200 * 86_400))
        let window = try RotationWindow(parsing: "Sat 02:00-02:01 UTC")
        func overdue(_ change: (inout NumberRecord) -> Void) throws -> Int {
            var digest = FleetDigest(at: fleet.now)
            digest.add(
                try changed("support-us") { record in
                    record.rotatedAt = long
                    record.desired?.rotationWindow = window
                    change(&record)
                })
            return digest.overdue
        }
        #expect(try overdue { _ in } == 1, "the window of today, or of another day, was missed many times")
        #expect(try overdue { $0.pause = Pause(since: fleet.now, by: "ops", reason: nil, includesExposed: false) } == 1)
        #expect(try overdue { $0.rotatedAt = fleet.now } == 0)
    }

    @Test func `Without an observer only the counters of drift and of answers are there`() throws {
        var digest = FleetDigest(at: fleet.now)
        digest.add(try changed("support-us") { $0.desired?.observer = nil })
        let lines = try metrics(digest)
        #expect(!lines.contains { $0.contains("{observer=") || $0.contains("(observer ") })
        #expect(lines.contains("twostepd_observations_total{result=\"on\"} 0"))
    }

    @Test
    func `A number counts as not observed after twice its period, or when it was never seen, unless it is paused`()
        throws
    {
        func tally(_ label: String, _ change: (inout NumberRecord) -> Void) throws -> ObserverTally? {
            var digest = FleetDigest(at: fleet.now)
            digest.add(try changed(label, change))
            return digest.observers[Account(text: Self.observer)]
        }
        func seen(_ hours: Int64) -> (inout NumberRecord) -> Void {
            let at = fleet.now.advanced(by: .seconds(-hours * 3600))
            return {
                $0.observations.newest = Observation(.on, at: at, source: Observation.observer)
                $0.observations.askedAt = at
            }
        }
        #expect(try tally("support-us", seen(12))?.unobserved == 0)
        #expect(try tally("support-us", seen(13))?.unobserved == 1)
        #expect(try tally("support-us") { $0.observations = .init() }?.unobserved == 1)
        #expect(try tally("sales", seen(13))?.unobserved == 0, "paused")
        #expect(try tally("support-us") { $0.desired?.observeEvery = nil } == nil)
    }

    private func fleetPage(_ digest: FleetDigest) throws -> String {
        let store = try Store.inMemory(key: SealingKey.random())
        return FleetPage(
            fleet: digest, guards: GuardsInForce(), desiredState: try store.reader.desiredStateStatus(),
            heldDifference: [], changesPerDay: []
        ).document
    }

    @Test func `The page has a column Seen, says that an observer fails, and that others have changed a number`() throws
    {
        let page = try fleetPage(digest)
        let cells = page.matches(of: /<td data-name="Seen"[^>]*>(.*?)<\/td>/).map { match in
            String(match.output.1).replacing(/<[^>]*>/, with: "")
        }
        #expect(page.contains("<button type=\"button\">Seen</button>") && cells.count == standings.count)
        #expect(cells.contains("on 3 min ago") && cells.contains("off 2 min 10 s ago") && cells.contains("–"))
        #expect(cells.contains("on 2 d ago observer fails"))
        #expect(page.contains("Another person or program has <b>changed</b> 1 number, not corrected yet."))
        #expect(!page.contains("has not <b>observed</b>"))

        var late = FleetDigest(at: fleet.now)
        late.add(try changed("billing") { $0.observations = .init() })
        let latePage = try fleetPage(late)
        #expect(latePage.contains("has not <b>observed</b> 1 number for longer"))
        #expect(!latePage.contains("data-name=\"Seen\""), "nothing was seen of any number")
    }

    @Test func `The page of a number marks drift and reports between its requests, and says what was seen`() throws {
        let drifted = try fleet.drifted()
        let page = NumberPage(
            now: fleet.now, standing: drifted, pins: [], changes: fleet.changes(drifted.record.number),
            events: fleet.drift(of: drifted.record.number)
        ).document
        let marks = page.matches(of: /<td data-name="Action">(.*?)<\/td>/).map { String($0.output.1) }
        #expect(
            marks == [
                "enable", "disable", "<span class=\"badge drift\">drift</span>",
                "<span class=\"badge observed\">observed</span>", "enable",
            ])
        #expect(page.contains("<h2>Requests, reports and drift, newest first</h2>"))
        #expect(page.contains("<td data-name=\"Why\">on, by the handset; by ops (uid 1000)</td>"))
        #expect(page.contains("<dt>Observed</dt><dd>seen off 2 min 10 s ago by observer</dd>"))
        #expect(page.contains("another person or program disabled it 2 min 10 s ago, seen by observer</dd>"))
        let quiet = NumberPage(
            now: fleet.now, standing: try standing("new"), pins: [], changes: [], events: []
        ).document
        #expect(!quiet.contains("Observed") && !quiet.contains("drift") && quiet.contains("<p>None yet.</p>"))
    }

    @Test func `Doctor names the numbers that were not seen for long and the reason for which an observer fails`()
        throws
    {
        func finding(_ records: [NumberRecord]) -> Finding {
            var observed = ObservedFleet()
            for record in records { observed.add(record, isPaused: false, at: fleet.now) }
            return observed.finding(at: fleet.now)
        }
        let (good, bad) = (try standing("support-us").record, try standing("sales").record)
        let calm = finding([good, try standing("new").record])
        #expect(calm.level == .ok && calm.detail.value == "1 number has an observer, the oldest observation 3 min ago")
        #expect(finding([]).level == .ok)
        let worse = finding([good, bad])
        #expect(worse.level == .warning && worse.advice.value?.contains("Observations and drift") == true)
        let detail = try #require(worse.detail.value)
        #expect(detail.contains("1 of 2 numbers not observed for longer than twice their observe_every"))
        #expect(detail.contains("did not show the state of 1 of 2 numbers, +15550100004 among them: "))
        #expect(detail.contains("HTTP 401"))
    }

    @Test func `The line of the day counts the drift of the last 24 hours and the numbers that are not observed`()
        throws
    {
        let store = try Store.inMemory(key: SealingKey.random())
        try store.commit(
            [90_000, 80_000, 10].map { seconds in
                let at = fleet.now.advanced(by: .seconds(-seconds))
                return .event(EventEntry(at: at, kind: .drift, detail: "seen off", drift: .turnedOff))
            })
        let view = FleetView(location: StoreLocation(directory: "/nowhere"), policy: Policy(), now: fleet.now)
        let summary = try DaySummary(store.reader, view: view, guards: GuardsInForce())
        #expect(summary.drift == 2 && summary.metadata["drift_24h"] == "2")
        #expect(summary.metadata["unobserved"] == "0")
        #expect(try store.reader.driftCounts()[.turnedOff] == 3)
    }

    @Test func `A hook is given the kind of drift beside its words, and other hooks null`() throws {
        let store = try Store.inMemory(key: SealingKey.random())
        let number = try fleet.drifted().record.number
        _ = try store.setHooks([("pager", [.drift, .held])])
        try store.commit([
            .event(
                EventEntry(
                    at: fleet.now, kind: .drift, number: number, actor: "observer",
                    detail: "another person or program disabled it: seen off by observer, believed on(2)",
                    drift: .turnedOff)),
            .event(EventEntry(at: fleet.now, kind: .configurationHeld, detail: "too many")),
        ])
        func next() throws -> String {
            guard case .deliver(let notification) = try store.nextNotification(for: "pager", now: fleet.now) else {
                return ""
            }
            try store.markDelivered(notification, hook: "pager")
            return HookDocument(notification).json
        }
        #expect(try next().contains("\"drift\":null"), "what concerns the whole fleet goes first")
        let drift = try next()
        #expect(drift.contains("\"drift\":\"turned_off\"") && drift.contains("\"number\":\"\(number)\""))
        #expect(drift.contains("seen off by observer, believed on(2)"))
    }
}
