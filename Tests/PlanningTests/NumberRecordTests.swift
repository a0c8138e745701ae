import Planning
import Testing

struct NumberRecordTests {
    typealias F = Fixture

    @Test func `A new record knows nothing`() {
        let record = NumberRecord(number: F.number)
        #expect(record.belief == .unknown && record.desired == nil && record.generations.isEmpty)
        #expect(record.likeliestGeneration == nil && record.candidates.isEmpty)
    }

    @Test func `The likeliest PIN is the last accepted, else the newest`() {
        var record = F.record(F.desired(), F.on(1, 2, 3))
        #expect(record.candidates == [3, 2, 1])
        record.lastAccepted = .on(2)
        #expect(record.likeliestGeneration == 2)
        #expect(record.candidates == [2, 3, 1])
        record.lastAccepted = .off
        #expect(record.likeliestGeneration == 3)
    }

    @Test func `A generation is found by its number`() {
        let record = F.record(F.desired(), F.on(2))
        #expect(record.generation(2)?.generation == 2)
        #expect(record.generation(1) == nil)
    }

    @Test func `Exposed is a number that should be enabled and is off for all that is known`() {
        #expect(F.record(F.desired(), F.off).isExposed)
        #expect(!F.record(F.desired(.disabled), F.off).isExposed)
        #expect(!F.record(nil, F.off).isExposed)
        #expect(!F.record(F.desired(), F.on(1, off: true)).isExposed)
        #expect(!F.record(F.desired(), .unknown).isExposed)
        var cycling = F.record(F.desired(), F.on(1, off: true))
        cycling.cycle = .init(since: F.now, reason: .rotationDue)
        #expect(cycling.isExposed)
        cycling.lastAccepted = .on(1)
        #expect(!cycling.isExposed)
        cycling.lastAccepted = .off
        #expect(cycling.isExposed)
    }

    @Test func `As desired is certainty of the right kind`() {
        #expect(F.record(F.desired(), F.on(1)).isAsDesired)
        #expect(F.record(F.desired(.disabled), F.off).isAsDesired)
        #expect(!F.record(F.desired(), F.off).isAsDesired)
        #expect(!F.record(F.desired(.disabled), F.on(1)).isAsDesired)
        #expect(!F.record(F.desired(), F.on(1, off: true)).isAsDesired)
        #expect(!F.record(F.desired(), F.foreign).isAsDesired)
        #expect(!F.record(nil, F.on(1)).isAsDesired)
    }
}
