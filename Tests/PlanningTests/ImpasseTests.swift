import Dice
import Planning
import Testing

/// A vendor that refuses the requests that a number needs: the requests sent, the state in which it rests, and what
/// never happens.
struct ImpasseTests {
    typealias F = Fixture

    /// A vendor with one number, and the record that follows its answers.
    private struct Vendor {
        var isOn: Bool
        var disables: Bool
        /// True when an enable of an enabled number is refused.
        var refusesSecond = false
        var record: NumberRecord
        var now = F.now
        private(set) var sent: [VendorAction] = []
        private var random = SplitMix64(seed: 5)

        init(isOn: Bool, disables: Bool, _ record: NumberRecord) {
            self.isOn = isOn
            self.disables = disables
            self.record = record
        }

        /// Sends the planner's requests until it rests; backoffs pass.
        mutating func run() -> Decision {
            for _ in 0..<40 {
                let decision = F.decide(record, now: now)
                switch decision {
                case .send(let request, let reason):
                    let departure = record.departing(
                        with: request, because: reason, changeID: Int64(sent.count + 1), now: now, random: &random)
                    sent.append(request.action)
                    let outcome = Outcome(carryOut(request.action) ? .success : .vendorRefused)
                    now = now.advanced(by: .seconds(1))
                    record = departure.record.arriving(
                        from: departure.flight, with: outcome, now: now, policy: Policy(), jitter: 0)
                case .hold(let until?, .backingOff): now = until
                case .hold, .idle, .observe: return decision
                }
            }
            return .idle(until: nil, because: .unmanaged)
        }

        private mutating func carryOut(_ action: VendorAction) -> Bool {
            switch action {
            case .disable where !disables: return false
            case .disable:
                isOn = false
                return true
            case .enable where isOn && refusesSecond: return false
            case .enable:
                isOn = true
                return true
            }
        }
    }

    private static func isRefused(_ decision: Decision) -> Bool {
        if case .hold(.some, .disableRefused) = decision { true } else { false }
    }

    @Test(arguments: [true, false])
    func `A vendor that never disables leaves a new number enabled, at rest, within seven requests`(isOn: Bool) {
        var vendor = Vendor(isOn: isOn, disables: false, .new(F.desired(), at: F.now))
        #expect(Self.isRefused(vendor.run()))
        #expect(vendor.sent.count <= 7 && vendor.isOn)
        #expect(!vendor.record.belief.maybeOff, "it rests where it is certainly on")
        #expect(!vendor.record.isExposed && vendor.record.place(fleetPause: nil) == nil)
    }

    @Test func `With rotation_method replace it converges`() {
        var vendor = Vendor(isOn: true, disables: false, .new(F.desired(.enabled, .replace), at: F.now))
        #expect(!Self.isRefused(vendor.run()) && vendor.record.isAsDesired)
        #expect(vendor.sent == [.enable])
    }

    @Test
    func
        `A rotation that the vendor does not permit leaves the number as it is, and is tried after the longest backoff`()
    {
        let record = F.record(F.desired(), F.on(1), rotatedAt: F.ago(F.day * 120))
        var vendor = Vendor(isOn: true, disables: false, record)
        guard case .hold(let until?, .disableRefused) = vendor.run() else {
            Issue.record("it does not rest")
            return
        }
        #expect(vendor.sent == [.disable, .enable, .disable, .enable])
        #expect(vendor.record.belief == F.on(1))
        let wait = vendor.now.duration(to: until)
        #expect(wait <= Policy().backoffMax && wait > Policy().backoffMax - .seconds(60))
        vendor.now = until
        #expect(Self.isRefused(vendor.run()))
        #expect(vendor.sent.count == 6, "one disable, and the enable that makes it certain again")
        vendor.now = vendor.now.advanced(by: .seconds(3600))
        vendor.disables = true
        _ = vendor.run()
        #expect(vendor.record.isAsDesired && vendor.record.impasse == nil, "the vendor disables after all")
    }

    @Test(arguments: [true, false])
    func `A number that should be disabled is sent one enable at most, however often the vendor refuses`(isOn: Bool) {
        var vendor = Vendor(isOn: isOn, disables: false, .new(F.desired(.disabled), at: F.now))
        for _ in 0..<5 {
            #expect(Self.isRefused(vendor.run()))
            vendor.now = vendor.now.advanced(by: .seconds(3600))
        }
        #expect(vendor.sent.count { $0 == .enable } == 1)
    }

    @Test func `A vendor that refuses everything is left alone as well`() {
        var vendor = Vendor(isOn: true, disables: false, .new(F.desired(), at: F.now))
        vendor.refusesSecond = true
        #expect(Self.isRefused(vendor.run()))
        #expect(vendor.sent.count <= 7)
    }

    @Test func `WhatsApp is never asked to disable`() {
        var desired = F.desired(.enabled, .replace)
        desired.vendor = .whatsapp
        desired.phoneNumberID = PhoneNumberID("106540352242922")
        var record = NumberRecord.new(desired, at: F.now)
        record.refusals = .init(action: .enable, count: 5)
        guard case .send(let request, _) = F.decide(record) else {
            Issue.record("nothing is sent")
            return
        }
        #expect(request.action == .enable && request.proof == .replaces)
        desired.verification = .disabled
        #expect(F.decide(.new(desired, at: F.now)) == .hold(until: nil, because: .disableRefused))
    }

    // MARK: Identity

    @Test func `Another token value, endpoint or id may be another number's`() {
        var desired = F.desired()
        desired.tokenMark = "a"
        var record = F.record(desired, F.on(1))
        record.identity = .init(of: desired)
        var other = desired
        other.tokenMark = "b"
        #expect(record.adopting(other, at: F.now).belief == F.on(1, off: true, foreign: true))
        other.onNewToken = .keep
        let kept = record.adopting(other, at: F.now)
        #expect(kept.belief == F.on(1) && kept.appliedAt == nil, "it is applied again")
        other = desired
        other.endpoint = .legacy
        #expect(record.adopting(other, at: F.now).belief == F.on(1, off: true, foreign: true))
        desired.vendor = .whatsapp
        desired.phoneNumberID = PhoneNumberID("106540352242922")
        record = F.record(desired, F.on(1))
        record.identity = .init(of: desired)
        other = desired
        other.tokenMark = "b"
        #expect(record.adopting(other, at: F.now).belief == F.on(1), "a shared token names no number")
        other.phoneNumberID = PhoneNumberID("106540352242923")
        #expect(record.adopting(other, at: F.now).belief == F.on(1, off: true, foreign: true))
    }

    @Test func `A number that is blocked is left alone for an hour, then longer, and is not reset`() {
        var record = F.record(F.desired(), F.off)
        record.cycle = .init(since: F.now, reason: .rotationDue)
        var random = SplitMix64(seed: 3)
        var now = F.now
        var waits: [Duration] = []
        for change in 1...6 {
            guard case .send(let request, let reason) = F.decide(record, now: now), request.action == .enable else {
                Issue.record("an enable is what is needed: \(F.decide(record, now: now))")
                return
            }
            let departure = record.departing(
                with: request, because: reason, changeID: Int64(change), now: now, random: &random)
            record = departure.record.arriving(
                from: departure.flight, with: Outcome(.tooManyAttempts), now: now, policy: Policy(), jitter: 0)
            guard case .hold(let until?, .backingOff) = F.decide(record, now: now) else {
                Issue.record("it is not held")
                return
            }
            waits.append(now.duration(to: until))
            now = until
        }
        #expect(waits.first == .seconds(3600) && waits == waits.sorted())
        #expect(waits.allSatisfy { $0 <= RetrySchedule.maxBlock })
    }

    @Test(arguments: [OutcomeReason.tooManyAttempts, .vendorRefused])
    func `What was refused of the number before the entry named another one does not concern the other`(
        reason: OutcomeReason
    ) {
        var desired = F.desired()
        desired.tokenMark = "a"
        var record = F.record(desired, F.off)
        record.identity = .init(of: desired)
        var random = SplitMix64(seed: 3)
        guard case .send(let request, let why) = F.decide(record) else {
            Issue.record("nothing is sent")
            return
        }
        let departure = record.departing(with: request, because: why, changeID: 1, now: F.now, random: &random)
        var other = desired
        other.tokenMark = "b"
        let next = departure.record.adopting(other, at: F.now).arriving(
            from: departure.flight.adopting(other, at: F.now), with: Outcome(reason), now: F.now, policy: Policy(),
            jitter: 0.5)
        #expect(next.refusals == nil && next.impasse == nil)
        #expect(next.retryAt.map { F.now.duration(to: $0) <= .seconds(60) } ?? true, "a backoff, and no block")
    }
}
