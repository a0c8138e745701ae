import Planning
import Testing

/// The proof that an observation gives, and its consequences.
struct ObservationTests {
    typealias F = Fixture

    private static let settle = Policy().settleDelay

    private static func record(_ belief: Belief, accepted: Effect? = nil, answered: Instant? = nil) -> NumberRecord {
        var record = F.record(F.desired(), belief, appliedAt: belief == .unknown ? nil : F.now)
        record.desired?.phoneNumberID = PhoneNumberID("106540352242922")
        record.desired?.observer = Observer(tokenName: "o", endpoint: .url("https://graph.example.com"))
        record.lastAccepted = accepted
        record.answeredAt = answered
        return record
    }

    private static func seen(_ record: NumberRecord, _ answer: ObserverAnswer) -> NumberRecord {
        record.observed(answer, askedAt: F.now, now: F.now, policy: Policy())
    }

    @Test func `Seen off, the belief is off, and a number that should be enabled is exposed`() {
        let record = Self.seen(Self.record(F.on(1), accepted: .on(1)), .disabled)
        #expect(record.belief == Belief(maybeOff: true, maybeForeign: false, generations: []))
        #expect(record.isExposed && record.urgency == .off)
        #expect(record.cycle?.isOurs == false, "others have exposed it: it takes no place of the exposure budget")
        #expect(record.observations.drift == Drift(.turnedOff, at: F.now))
        guard case .send(let request, .drift) = F.decide(record) else {
            Issue.record("it is not enabled: \(F.decide(record))")
            return
        }
        #expect(request.action == .enable && !request.startsCycle)
    }

    @Test func `Seen on, off leaves the belief, and what is left is foreign where nothing is`() {
        let doubted = Belief(maybeOff: true, maybeForeign: false, generations: [1])
        #expect(Self.seen(Self.record(doubted, accepted: .on(1)), .enabled).belief == F.on(1))
        let off = Self.record(Belief(maybeOff: true, maybeForeign: false, generations: []), accepted: .off)
        let record = Self.seen(off, .enabled)
        #expect(record.belief == Belief(maybeOff: false, maybeForeign: true, generations: []))
        #expect(record.observations.drift?.kind == .turnedOn)
        #expect(Self.seen(Self.record(.unknown), .enabled).observations.drift == nil, "it is what may be")
    }

    /// Records whose number may have changed within the settle delay before the question: an observer may not see that
    /// yet.
    @Test(arguments: [
        record(F.on(1), answered: F.now.advanced(by: .zero - settle).advanced(by: .milliseconds(1))),
        record(F.on(1, off: true, doubts: [F.doubt(.off, settle)])),
        record(F.on(1, off: true, doubts: [F.doubt(.off, settle * 2 - .milliseconds(1))])),
    ])
    func `What may be older than a request is recorded and ignored`(record: NumberRecord) {
        for answer in [ObserverAnswer.enabled, .disabled] {
            let seen = Self.seen(record, answer)
            #expect(seen.belief == record.belief && seen.cycle == record.cycle)
            #expect(seen.observations.newest?.at == F.now && seen.observations.drift == nil)
        }
    }

    @Test func `A lost answer is settled by an observation, without a request`() {
        let lost = Self.record(
            F.on(1, off: true, doubts: [F.doubt(.off, Self.settle * 2)]), accepted: .on(1),
            answered: F.ago(Self.settle))
        #expect(F.decide(lost) == .observe(because: .observing, otherwise: F.decide(Self.unobserved(lost))))
        let seen = Self.seen(lost, .enabled)
        #expect(seen.belief.certainEffect == .on(1))
        guard case .idle(_, .converged) = F.decide(seen) else {
            Issue.record("it is not at rest: \(F.decide(seen))")
            return
        }
    }

    @Test func `Between its settlement and evidence only a disable is waited for`() {
        let lost = Self.record(
            F.on(1, off: true, doubts: [F.doubt(.off, Self.settle)]), accepted: .on(1), answered: F.ago(.seconds(599)))
        guard case .send(let request, _) = F.decide(lost), request.action == .enable else {
            Issue.record("it may be off and is not enabled: \(F.decide(lost))")
            return
        }
        var foreign = lost
        foreign.belief = lost.belief.addingForeign()
        #expect(F.decide(foreign) == .idle(until: F.later(Self.settle), because: .awaitingSettlement))
        guard case .send(let reset, _) = F.decide(Self.unobserved(foreign)), reset.action == .disable else {
            Issue.record("without an observer it is reset: \(F.decide(Self.unobserved(foreign)))")
            return
        }
    }

    @Test func `A PIN that is certain by an observation is live from then on, and has rotated`() {
        var unacknowledged = Self.record(F.on(1, off: true), answered: F.ago(.seconds(600)))
        for index in unacknowledged.generations.indices { unacknowledged.generations[index].liveFrom = nil }
        unacknowledged.rotatedAt = F.ago(.seconds(86_400))
        let seen = Self.seen(unacknowledged, .enabled)
        #expect(seen.generation(1)?.liveFrom == F.now && seen.rotatedAt == F.now)
        let known = Self.record(F.on(1, off: true), answered: F.ago(.seconds(600)))
        #expect(Self.seen(known, .enabled).rotatedAt == known.rotatedAt, "one that was live before has not rotated")
    }

    @Test func `A number that an observation shows as desired has failed no longer`() {
        var failing = Self.record(F.on(1, off: true), answered: F.ago(.seconds(600)))
        failing.attempts = 4
        failing.retryAt = F.later(.seconds(300))
        failing.lastFailure = .timeout
        failing.lastError = "enable: no answer in time"
        failing.observations.drift = Drift(.turnedOff, at: F.ago(.seconds(900)))
        let seen = Self.seen(failing, .enabled)
        #expect(seen.attempts == 0 && seen.lastFailure == nil && seen.lastError == nil && seen.retryAt == nil)
        #expect(seen.observations.drift == nil)
    }

    @Test func `First contact that is seen off was not changed by others`() {
        let seen = Self.seen(Self.record(.unknown), .disabled)
        #expect(seen.cycle?.reason == .enabling && seen.observations.drift == nil)
        guard case .send(_, .enabling) = F.decide(seen) else {
            Issue.record("it is not enabled: \(F.decide(seen))")
            return
        }
    }

    @Test func `In a store that was put back nothing is evidence before the settle delay`() {
        let restored = Self.record(F.on(1), accepted: .on(1), answered: F.ago(.seconds(86_400))).restored(at: F.now)
        #expect(restored.evidenceFrom(Self.settle) == F.later(Self.settle))
        #expect(Self.seen(restored, .disabled).belief == restored.belief)
    }

    @Test func `A report is no answer of the observer`() {
        var record = Self.record(F.on(1), accepted: .on(1))
        record.observations.newest = Observation(.on, at: F.now, source: "handset")
        #expect(record.isUnobserved(at: F.now))
        record.observations.askedAt = F.ago(.seconds(60))
        #expect(!record.isUnobserved(at: F.now))
        record.observations.failure = "no answer in time"
        #expect(record.isUnobserved(at: F.now))
    }

    @Test func `A clock that is confirmed leaves no observation in the future`() {
        var record = Self.record(F.on(1), accepted: .on(1))
        record.observations = .init(
            newest: Observation(.off, at: F.later(.seconds(500)), source: "ops"), askedAt: F.later(.seconds(400)),
            drift: Drift(.turnedOff, at: F.later(.seconds(500))))
        let observations = record.clockAccepted(at: F.now).observations
        #expect(observations.newest?.at == F.now && observations.askedAt == F.now && observations.drift?.at == F.now)
        #expect(observations.newest?.source == "ops" && observations.drift?.kind == .turnedOff)
    }

    @Test func `First contact is observed, once, and goes on when nothing is seen`() {
        let new = Self.record(.unknown)
        guard case .observe(.observing, let otherwise) = F.decide(new) else {
            Issue.record("it is not observed: \(F.decide(new))")
            return
        }
        #expect(otherwise == F.decide(Self.unobserved(new)))
        let unseen = Self.seen(new, .unknown(Outcome(.timeout)))
        #expect(F.decide(unseen) == otherwise)
        #expect(unseen.observations.failure == "no answer in time")
        // Seen off, it needs one enable, and no disable.
        guard case .send(let request, _) = F.decide(Self.seen(new, .disabled)) else {
            Issue.record("it is not enabled")
            return
        }
        #expect(request.action == .enable)
    }

    @Test func `An exposed number is enabled, and not observed first`() {
        var exposed = Self.record(F.on(1, off: true), accepted: nil)
        exposed.cycle = .init(since: F.ago(.seconds(5)), reason: .rotationDue)
        #expect(F.decide(exposed).isSend)
    }

    @Test func `A number at rest is observed when it is time, and no request waits for that`() {
        var record = Self.record(F.on(1), accepted: .on(1), answered: F.ago(.seconds(7 * 3600)))
        record.observations.askedAt = F.ago(.seconds(6 * 3600 - 1))
        let rest = F.decide(record)
        #expect(rest.until == F.later(.seconds(1)))
        record.observations.askedAt = F.ago(.seconds(6 * 3600))
        guard case .observe(.converged, .idle) = F.decide(record) else {
            Issue.record("it is not observed: \(F.decide(record))")
            return
        }
        #expect(NumberCondition(of: record, decision: F.decide(record)) == .converged)
        record.appliedAt = nil
        #expect(F.decide(record).isSend, "a re-apply goes first")
        record.pause = Pause(since: F.now, by: "ops", reason: nil, includesExposed: false)
        #expect(F.decide(record) == .hold(until: nil, because: .paused))
    }

    @Test func `After each request the observer is asked once what became of it`() {
        var record = Self.record(F.on(1), accepted: .on(1), answered: F.ago(.seconds(300)))
        record.observations.askedAt = F.ago(.seconds(1000))
        #expect(F.decide(record).until == F.later(.seconds(300)), "as soon as it is evidence, and not in hours")
        record.answeredAt = F.ago(.seconds(601))
        guard case .observe(.converged, .idle) = F.decide(record) else {
            Issue.record("it is not observed: \(F.decide(record))")
            return
        }
        #expect(F.decide(Self.seen(record, .unknown(Outcome(.timeout)))).until == F.later(.seconds(6 * 3600)), "once")
        // An accepted disable that was carried out after the enable.
        #expect(Self.seen(record, .disabled).isExposed)
    }

    @Test func `A clock that was ahead delays no observation`() {
        var record = Self.record(F.on(1), accepted: .on(1))
        record.observations.askedAt = F.later(.seconds(86_400))
        #expect(record.observationDue(Self.settle, now: F.now) == F.later(.seconds(6 * 3600)))
    }

    // MARK: Reports

    private static func reported(_ record: NumberRecord, _ kind: Observation.Kind) -> NumberRecord {
        record.obeying(.observe(Observation(kind, at: F.now, source: "ops")), toFleet: false, at: F.now)
    }

    @Test(arguments: Observation.Kind.allCases)
    func `A report only adds to what may be, so that one that is late or wrong does no harm`(kind: Observation.Kind) {
        for belief in [
            F.on(1), F.on(1, off: true), Belief.unknown, Belief(maybeOff: true, maybeForeign: false, generations: []),
        ] {
            let record = Self.reported(Self.record(belief), kind)
            #expect(Set(record.belief.elements).isSuperset(of: belief.elements))
            #expect(kind != .off || record.belief.maybeOff)
            #expect(kind != .pinChanged || record.belief.maybeForeign)
        }
    }

    @Test func `Reported off, a number is exposed, and enabled with the PIN that it has`() {
        let record = Self.reported(Self.record(F.on(1), accepted: .on(1)), .off)
        #expect(record.isExposed && record.observations.drift?.kind == .turnedOff)
        guard case .send(let request, _) = F.decide(record) else {
            Issue.record("it is not enabled")
            return
        }
        #expect(request.content == .enable(generation: 1))
    }

    @Test func `A report while a request is on its way: the request's acceptance proves nothing`() {
        var random = SystemRandomNumberGenerator()
        let record = Self.record(F.on(1), accepted: .on(1))
        let departure = record.departing(
            with: PlannedRequest(.enable(generation: 1), proof: .replaces), because: .reapplyDue, changeID: 1,
            now: F.now, random: &random)
        let report = Order.observe(Observation(.pinChanged, at: F.now, source: "ops"))
        let flight = departure.flight.obeying(report, toFleet: false, at: F.now)
        let after = departure.record.obeying(report, toFleet: false, at: F.now)
            .arriving(from: flight, with: Outcome(.success), now: F.later(.seconds(1)), policy: Policy(), jitter: 0)
        #expect(after.belief.maybeForeign, "the PIN may have been changed after the request was carried out")
    }

    @Test func `Another id, another observer, or another number forgets what was seen`() throws {
        let record = Self.seen(Self.record(F.on(1), accepted: .on(1)), .enabled)
        var entry = try #require(record.desired)
        entry.phoneNumberID = PhoneNumberID("106540352242923")
        #expect(record.adopting(entry, at: F.now).observations == NumberRecord.Observations())
        #expect(record.adopting(entry, at: F.now).belief == record.belief)
        entry.label = "another label"
        entry.phoneNumberID = record.desired?.phoneNumberID
        #expect(record.adopting(entry, at: F.now).observations == record.observations)
    }

    private static func unobserved(_ record: NumberRecord) -> NumberRecord {
        var record = record
        record.desired?.observer = nil
        return record
    }
}
