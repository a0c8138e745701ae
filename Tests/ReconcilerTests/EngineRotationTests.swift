import Planning
import Reconciler
import Storage
import Synchronization
import Testing

@Suite("Rotations keep their manners")
struct EngineRotationTests {
    private static let day: Duration = .seconds(86_400)

    private static func desired(_ index: Int, every days: Int64) throws -> DesiredNumber {
        var entry = try Bench.desired(index)
        entry.rotateEvery = .seconds(days * 86_400)
        entry.reapplyEvery = nil
        return entry
    }

    /// Answers every request with success, and wakes the engine by its timer, until nothing is due before `end`.
    private func live(_ bench: Bench, until end: Instant) throws {
        var next = 0
        for _ in 0..<100_000 {
            try bench.work()
            if next < bench.calls.count {
                bench.answerOnce(bench.calls[next], .success)
                next += 1
                continue
            }
            guard let timer = bench.timer, timer <= end else { return }
            try bench.wake()
        }
        Issue.record("it never rests")
    }

    @Test func `downtime of many periods causes one rotation, and the next comes a period after it`() throws {
        let bench = try Bench()
        try bench.adopt([try Self.desired(1, every: 10)])
        try bench.converge(1)
        bench.pass(.seconds(75 * 86_400))
        try bench.start()
        try live(bench, until: bench.now)
        #expect(bench.calls.map(\.isEnable) == [false, true])
        let back = bench.now
        try live(bench, until: back.advanced(by: .seconds(10 * 86_400 - 1)))
        #expect(bench.calls.count == 2)
        try live(bench, until: back.advanced(by: .seconds(11 * 86_400)))
        #expect(bench.calls.count == 4)
        #expect(try bench.record(1).belief.generations == [3])
    }

    /// Offsets that a test changes.
    private final class Zone: Sendable {
        let offset = Mutex(0)
        var offsets: ZoneOffsets { ZoneOffsets(firstOffsetSeconds: offset.withLock { $0 }, changes: []) }
    }

    @Test
    func `a window opens by the time zone's new rules, whether they come while the process works or before it starts`()
        throws
    {
        let zone = Zone()
        var policy = Policy()
        policy.zones = { $0 == "Test/Zone" ? zone.offsets : nil }
        let bench = try Bench(policy: policy)
        var entry = try Self.desired(1, every: 10)
        entry.rotationWindow = try RotationWindow(parsing: "daily 00:00-00:30 Test/Zone")
        try bench.adopt([entry, try Self.desired(2, every: 90)])
        for index in 1...2 { try bench.converge(index, dueAfter: .seconds(20 * 86_400)) }
        func dueAt() throws -> Int64 { try #require(try bench.record(1).dueAt).millisecondsSinceEpoch / 3_600_000 % 24 }

        try bench.start()
        try live(bench, until: bench.now)
        #expect(try dueAt() == 0, "the due instant of an earlier process was computed again")
        zone.offset.withLock { $0 = -5 * 3600 }
        bench.post(.zonesChanged)
        try live(bench, until: bench.now)
        #expect(try dueAt() == 5)
        let commits = bench.commitCount
        bench.post(.zonesChanged)
        try live(bench, until: bench.now)
        #expect(bench.commitCount == commits, "what has not changed is not written")
        zone.offset.withLock { $0 = 3 * 3600 }
        try bench.start()
        try live(bench, until: bench.now)
        #expect(try dueAt() == 21)
        #expect(bench.calls.isEmpty)
    }

    @Test func `a shorter period is obeyed at once, a longer one puts the rotation off`() throws {
        let bench = try Bench()
        try bench.adopt([try Self.desired(1, every: 90), try Self.desired(2, every: 10)])
        for index in 1...2 { try bench.converge(index) }
        bench.pass(.seconds(9 * 86_400))
        try bench.start()
        try live(bench, until: bench.now)
        #expect(bench.calls.isEmpty)
        bench.read(Bench.state([try Self.desired(1, every: 2), try Self.desired(2, every: 90)]))
        try live(bench, until: bench.now)
        #expect(bench.calls.map(\.number) == [try Bench.number(1), try Bench.number(1)])
        bench.read(Bench.state([try Self.desired(1, every: 90), try Self.desired(2, every: 90)]))
        try live(bench, until: bench.now.advanced(by: .seconds(30 * 86_400)))
        #expect(bench.calls.count == 2)
    }

    @Test func `rotate_before for a whole fleet flows out under all limits, and rotates each number once`() throws {
        var policy = Policy()
        policy.requestsPerMinute = 12
        policy.maxExposed = 3
        let bench = try Bench(policy: policy)
        try bench.adopt(try (1...40).map { try Self.desired($0, every: 90) })
        for index in 1...40 { try bench.converge(index) }
        bench.pass(.seconds(60))
        try bench.start()
        let fleet = try (1...40).map { index in
            var entry = try Self.desired(index, every: 90)
            entry.rotateBefore = bench.now
            return entry
        }
        bench.read(Bench.state(fleet))
        var sent: [Instant] = []
        var (next, mostExposed) = (0, 0)
        for _ in 0..<10_000 {
            try bench.work()
            while sent.count < bench.calls.count { sent.append(bench.now) }
            mostExposed = max(mostExposed, try bench.store.reader.numbersInOpenCycles().count)
            let inFlight = bench.calls[next...].map(\.number)
            #expect(Set(inFlight).count == inFlight.count, "one request in flight a number")
            if next < bench.calls.count {
                bench.answer(bench.calls[next], .success)
                next += 1
            } else if let timer = bench.timer, timer < Bench.start.advanced(by: Self.day) {
                try bench.wake()
            } else {
                break
            }
        }
        #expect(bench.calls.count == 80, "a disable and an enable each")
        #expect(mostExposed == 3)
        for (index, instant) in sent.enumerated() where index >= 12 {
            #expect(sent[index - 12].duration(to: instant) >= .seconds(60), "12 in any minute")
        }
        for index in 1...40 { #expect(try bench.record(index).belief.generations == [2]) }
    }
}
