import Daemon
import Planning
import Testing

@testable import Storage
@testable import twostepd

/// A fleet in every condition at a fixed instant, for texts that people read.
struct TextFleet {
    let now = Instant("2026-11-23T09:00:00Z") ?? .distantPast
    private let pin: PIN
    private let oldPIN: PIN

    init() throws {
        pin = try #require(PIN(digits: "482913"))
        oldPIN = try #require(PIN(digits: "604189"))
    }

    private func ago(_ seconds: Int64) -> Instant { now.advanced(by: .seconds(-seconds)) }

    private func record(_ index: Int, label: String?, _ change: (inout NumberRecord) throws -> Void = { _ in }) throws
        -> NumberRecord
    {
        let number = try #require(PhoneNumber("+1555010000\(index)"))
        var record = NumberRecord(
            number: number, desired: DesiredNumber(number: number, label: label, tokenName: "token-\(index)"))
        record.belief = Belief(maybeOff: false, maybeForeign: false, generations: [2])
        record.generations = [
            PINGeneration(
                generation: 1, pin: oldPIN, origin: .generated, createdAt: ago(9_000_000), liveFrom: ago(9_000_000),
                liveUntil: ago(864_000)),
            PINGeneration(
                generation: 2, pin: pin, origin: .generated, createdAt: ago(864_000), liveFrom: ago(864_000)),
        ]
        record.lastAccepted = .on(2)
        record.appliedAt = ago(4000)
        record.rotatedAt = ago(864_000)
        try change(&record)
        return record
    }

    private func observe(_ record: inout NumberRecord) {
        record.desired?.phoneNumberID = PhoneNumberID("106540352242922")
        record.desired?.observer = Observer(
            tokenName: "meta", endpoint: Endpoint(text: "https://graph.facebook.com/v25.0"))
    }

    /// Returns the number whose two-step verification another person or program has turned off.
    func drifted() throws -> NumberStatus {
        try #require(standings().first { $0.record.desired?.label == "billing" })
    }

    func records() throws -> [NumberRecord] {
        [
            try record(1, label: "support-us") { record in
                observe(&record)
                record.observations.newest = Observation(.on, at: ago(180), source: Observation.observer)
                record.observations.askedAt = ago(180)
            },
            try record(2, label: "support-emea-italy-second-line") { record in
                record.desired?.rotationWindow = try RotationWindow(parsing: "Mon-Fri 02:00-05:30 Europe/Rome")
                record.belief = Belief(maybeOff: true, maybeForeign: false, generations: [])
                record.lastAccepted = .off
                record.cycle = NumberRecord.Cycle(since: ago(95), reason: .rotationDue)
                record.attempts = 4
                record.retryAt = now.advanced(by: .seconds(12))
                record.lastFailure = .vendorRefused
                record.lastError = "enable: refused by the vendor with status 404: Device or channel not reachable"
            },
            try record(3, label: nil) { record in
                record.belief = Belief(
                    maybeOff: true, maybeForeign: false, generations: [1, 2],
                    doubts: [Belief.Doubt(effect: .off, since: ago(60))])
                record.lastAccepted = nil
            },
            try record(4, label: "sales") { record in
                record.pause = Pause(since: ago(7200), by: "ops (uid 1000)", reason: "port out", includesExposed: false)
                observe(&record)
                record.observations.newest = Observation(.pinChanged, at: ago(172_800), source: "WhatsApp's webhook")
                record.observations.askedAt = ago(600)
                record.observations.failure = Outcome(.authenticationRefused, httpStatus: 401).observerSentence
            },
            try record(5, label: "tëst-日本語") { record in
                record.desired?.verification = .disabled
                record.belief = Belief(maybeOff: true, maybeForeign: false, generations: [])
                record.lastAccepted = .off
            },
            try record(6, label: "new") { record in
                record.belief = .unknown
                record.generations = []
                record.lastAccepted = nil
                record.appliedAt = nil
                record.rotatedAt = nil
            },
            try record(7, label: "gone") { $0.desired = nil },
            try record(8, label: "billing") { record in
                observe(&record)
                record.belief = Belief(maybeOff: true, maybeForeign: false, generations: [])
                record.lastAccepted = .off
                record.cycle = NumberRecord.Cycle(since: ago(130), reason: .drift)
                record.observations.newest = Observation(.off, at: ago(130), source: Observation.observer)
                record.observations.askedAt = ago(130)
                record.observations.drift = Drift(.turnedOff, at: ago(130))
            },
        ]
    }

    func standings() throws -> [NumberStatus] {
        try records().map { NumberStatus($0, operatorPIN: nil, policy: Policy(), now: now) }
            .sorted { ($0.rank, $0.record.number) < ($1.rank, $1.record.number) }
    }

    func snapshot() throws -> StatusSnapshot {
        let status = DesiredStateStatus(
            revision: 12, sha256: String(repeating: "3f9a", count: 16), loadedAt: ago(90_000),
            source: "/etc/twostepd/desired-state.yaml", isValid: false, lastLoadAt: ago(30),
            problem: "/etc/twostepd/desired-state.yaml:15:5: unknown key 'labl' in an entry of 'numbers'",
            held: DesiredStateStatus.Held(
                sha256: String(repeating: "beef", count: 16), since: ago(300),
                reason: "it would disable or drop 4 of 7 numbers, which is more than 20 percent"))
        return StatusSnapshot(
            now: now, location: StoreLocation(directory: "/var/lib/twostepd"),
            holder: LockHolder(pid: 4711, since: ago(90_000), command: "run"), inForce: status,
            guards: GuardsInForce(), flights: [:])
    }

    /// Returns the status of all numbers.
    func status(width: Int, colours: Bool = false, isAbsolute: Bool = false) throws -> [String] {
        var text = StatusText(snapshot: try snapshot(), isAbsolute: isAbsolute)
        let standings = try standings()
        for standing in standings { text.snapshot.tally.add(standing, isShown: true, names: []) }
        let rows = standings.map { text.row($0) }
        return text.lines(rows, width: width, colours: colours)
    }

    func changes(_ number: PhoneNumber) -> [ChangeEntry] {
        [
            ChangeEntry(
                id: 41, number: number, action: .enable, reason: .rotationDue, generation: 3, sentAt: ago(30),
                answeredAt: ago(29),
                outcome: Outcome(
                    .vendorRefused, httpStatus: 200, apiStatus: 404, message: "Device or channel not reachable")),
            ChangeEntry(
                id: 40, number: number, action: .disable, reason: .rotationDue, generation: nil, sentAt: ago(95),
                answeredAt: ago(94), outcome: Outcome(.success, httpStatus: 200, apiStatus: 100)),
            ChangeEntry(
                id: 39, number: number, action: .enable, reason: .reapplyDue, generation: 2, sentAt: ago(86_400)),
        ]
    }

    func events(_ number: PhoneNumber) -> [StoredEvent] {
        [
            StoredEvent(
                id: 7,
                entry: EventEntry(
                    at: ago(500), kind: .pinRevealed, number: number, actor: "mira (uid 1000), sudo, /dev/pts/3",
                    detail: "generation 2, reason: locked out of the phone"))
        ]
    }

    /// Returns the events of a number that others turned off, newest first.
    func drift(of number: PhoneNumber) -> [StoredEvent] {
        [
            StoredEvent(
                id: 9,
                entry: EventEntry(
                    at: ago(130), kind: .drift, number: number, actor: Observation.observer,
                    detail: "another person or program disabled it: seen off by observer, believed on(2)")),
            StoredEvent(
                id: 8,
                entry: EventEntry(
                    at: ago(4000), kind: .observed, number: number, actor: "ops (uid 1000)",
                    detail: "on, by the handset")
            ),
        ]
    }

    var pins: [PINRow] {
        [2, 1].map { generation in
            PINRow(
                generation: PINGeneration(
                    generation: generation, pin: nil, origin: .generated,
                    createdAt: ago(generation == 2 ? 864_000 : 9_000_000),
                    liveFrom: ago(generation == 2 ? 864_000 : 9_000_000),
                    liveUntil: generation == 2 ? nil : ago(864_000)),
                maybeLive: generation == 2, doubtAt: nil, keyID: "k1")
        }
    }
}
