import Planning
import Testing

struct RotationScheduleTests {
    typealias F = Fixture

    private func due(
        _ record: NumberRecord, operatorPIN: PIN? = nil, policy: Policy = Policy(), now: Instant = F.now
    ) throws -> RotationSchedule.Due? {
        let desired = try #require(record.desired)
        return RotationSchedule.due(
            record, desired: desired, generation: 1, operatorPIN: operatorPIN, policy: policy, now: now)
    }

    // MARK: Spread

    @Test func `The spread is fixed for a number and between nothing and a tenth of the period`() {
        let period = F.day * 90
        var shares = Array(repeating: 0, count: 10)
        for index in 0..<2000 {
            let number = F.phone("+1555\(1_000_000 + index)")
            let spread = RotationSchedule.spread(for: number, period: period)
            #expect(spread == RotationSchedule.spread(for: number, period: period))
            #expect(spread >= .zero && spread < F.day * 9)
            shares[Int(spread.milliseconds * 10 / (F.day * 9).milliseconds)] += 1
        }
        #expect(shares.allSatisfy { $0 > 120 }, "\(shares)")
    }

    @Test func `A period too short to spread is not spread`() {
        #expect(RotationSchedule.spread(for: F.number, period: .milliseconds(9)) == .zero)
    }

    // MARK: Due

    @Test func `The period counts from the last rotation, plus the spread`() throws {
        let record = F.record(F.desired(), F.on(1), rotatedAt: F.ago(F.day * 10))
        let spread = RotationSchedule.spread(for: F.number, period: F.day * 90)
        #expect(try due(record)?.at == F.later(F.day * 80 + spread))
        #expect(try due(record)?.reason == .rotationDue)
    }

    @Test func `Without a known rotation the PIN's own times count`() throws {
        var record = F.record(F.desired(), F.on(1), rotatedAt: nil)
        let spread = RotationSchedule.spread(for: F.number, period: F.day * 90)
        record.generations = [F.generation(1, createdAt: F.ago(F.day * 3), liveFrom: F.ago(F.day * 2))]
        #expect(try due(record)?.at == F.later(F.day * 88 + spread))
        record.generations = [F.generation(1, createdAt: F.ago(F.day * 3), liveFrom: nil)]
        #expect(try due(record)?.at == F.later(F.day * 87 + spread))
    }

    @Test func `A PIN that missed its windows is overdue since the first one, and due in the next`() throws {
        var desired = F.desired()
        // The present time is 2026-01-01T00:00:00Z, a Thursday.
        desired.rotationWindow = try RotationWindow(parsing: "Sat 02:00-04:00 UTC")
        let record = F.record(desired, F.on(1), rotatedAt: F.ago(F.day * 200))
        let late = try #require(try due(record))
        #expect(late.at == F.later(F.day * 2 + .seconds(2 * 3600)))
        let fell = F.ago(F.day * 110).advanced(by: RotationSchedule.spread(for: F.number, period: F.day * 90))
        #expect(late.since >= fell && late.since < fell.advanced(by: F.day * 7))
        #expect(late.since == desired.rotationWindow?.nextOpen(from: fell, in: .utc))
        let early = try #require(try due(F.record(desired, F.on(1), rotatedAt: F.ago(F.day))))
        #expect(early.since == early.at)
    }

    @Test func `A PIN that is late stays so when its rotation is ordered as well`() throws {
        var record = F.record(F.desired(), F.on(1), rotatedAt: F.ago(F.day * 200))
        record.orderedRotation = .init(through: 1, at: F.now)
        let due = try #require(try due(record))
        #expect(due.since < F.ago(F.day * 100))
    }

    @Test func `Never is never`() throws {
        var desired = F.desired()
        desired.rotateEvery = nil
        #expect(try due(F.record(desired, F.on(1))) == nil)
    }

    @Test func `A generation that is not loaded is not due`() throws {
        var record = F.record(F.desired(), F.on(1))
        record.generations = []
        #expect(try due(record) == nil)
    }

    // MARK: Windows

    private var inRome: Policy {
        var policy = Policy()
        policy.zones = { $0 == "Europe/Rome" ? Zones.rome : nil }
        return policy
    }

    @Test func `A window defers the rotation to its next opening`() throws {
        var desired = F.desired()
        desired.rotationWindow = try RotationWindow(parsing: "Mon-Fri 09:00-17:00 Europe/Rome")
        let record = F.record(desired, F.on(1), rotatedAt: F.ago(F.day * 200))
        let saturday = F.instant("2026-07-04T12:00:00+02:00")
        let monday = F.instant("2026-07-06T09:00:00+02:00")
        #expect(try due(record, policy: inRome, now: saturday)?.at == monday)
        let within = monday.advanced(by: .seconds(3600))
        #expect(try due(record, policy: inRome, now: within)?.at == within)
    }

    @Test func `A future rotation is moved into the window too`() throws {
        var desired = F.desired()
        desired.rotationWindow = try RotationWindow(parsing: "Sun 03:00-04:00 Europe/Rome")
        let record = F.record(desired, F.on(1))
        let plain = F.later(F.day * 90 + RotationSchedule.spread(for: F.number, period: F.day * 90))
        let at = try #require(try due(record, policy: inRome)?.at)
        #expect(at >= plain && plain.duration(to: at) <= F.day * 8)
        #expect(try RotationWindow(parsing: "Sun 03:00-04:00 X").isOpen(at: at, in: Zones.rome))
    }

    @Test func `A zone that is not known permits no rotation that its period makes due, and is asked for every hour`()
        throws
    {
        var desired = F.desired()
        desired.rotationWindow = try RotationWindow(parsing: "Sun 03:00-04:00 Mars/Base")
        let record = F.record(desired, F.on(1))
        let plain = F.later(F.day * 90 + RotationSchedule.spread(for: F.number, period: F.day * 90))
        let ahead = try due(record, policy: inRome)
        #expect(ahead?.at == plain && ahead?.reason == .rotationDue)
        let late = F.record(desired, F.on(1), rotatedAt: F.ago(F.day * 200))
        #expect(try due(late, policy: inRome)?.at == F.later(.seconds(3600)))
        guard case .hold(let until, .zoneUnknown) = F.decide(late, policy: inRome) else {
            Issue.record("it is not held")
            return
        }
        #expect(until == F.later(.seconds(3600)))
        var ordered = late
        ordered.desired?.rotateBefore = F.now
        ordered.generations = [F.generation(1, createdAt: F.ago(F.day), liveFrom: F.ago(F.day))]
        #expect(try due(ordered, policy: inRome)?.reason == .rotateBefore, "what is forced never waited for a window")
    }

    // MARK: rotate_before

    @Test func `A PIN made before rotate_before is due at it, whatever the window`() throws {
        var desired = F.desired()
        desired.rotateBefore = F.later(.seconds(1))
        desired.rotationWindow = try RotationWindow(parsing: "Sun 03:00-04:00 Europe/Rome")
        let record = F.record(desired, F.on(1))
        let due = try due(record, policy: inRome)
        #expect(due?.at == F.later(.seconds(1)) && due?.reason == .rotateBefore)
    }

    @Test func `A PIN made at or after rotate_before is not`() throws {
        var desired = F.desired()
        desired.rotateBefore = F.now
        #expect(try due(F.record(desired, F.on(1)))?.reason == .rotationDue)
        desired.rotateEvery = nil
        #expect(try due(F.record(desired, F.on(1))) == nil)
    }

    @Test func `Whichever is first counts`() throws {
        var desired = F.desired()
        desired.rotateBefore = F.later(F.day * 365)
        #expect(try due(F.record(desired, F.on(1)))?.reason == .rotationDue)
        desired.rotateBefore = F.later(F.day)
        #expect(try due(F.record(desired, F.on(1)))?.reason == .rotateBefore)
    }

    // MARK: The operator's PIN

    @Test func `An operator's PIN is due when its value differs, and only then`() throws {
        var record = F.record(F.desired(operatorPINName: "front-desk"), F.on(1), rotatedAt: F.ago(F.day * 400))
        record.generations = [F.generation(1, pin: "739104", origin: .operator(name: "front-desk"))]
        #expect(try due(record, operatorPIN: F.pin("739104")) == nil)
        #expect(try due(record) == nil)
        let changed = try due(record, operatorPIN: F.pin("285016"))
        #expect(changed?.at == F.now && changed?.reason == .operatorPINChanged)
    }
}
