import Planning
import Testing

struct InstantTests {
    typealias F = Fixture

    @Test func `Moving and measuring are inverse`() {
        let moved = F.now.advanced(by: .milliseconds(1234))
        #expect(F.now.duration(to: moved) == .milliseconds(1234))
        #expect(moved.duration(to: F.now) == .milliseconds(-1234))
    }

    @Test func `Moving stops at the ends of the calendar`() {
        #expect(Instant.distantFuture.advanced(by: .seconds(1)) == .distantFuture)
        #expect(Instant.distantPast.advanced(by: .seconds(-1)) == .distantPast)
        #expect(F.now.advanced(by: .seconds(Int64.max)) == .distantFuture)
        #expect(F.now.advanced(by: .seconds(Int64.min)) == .distantPast)
        #expect(Instant(millisecondsSinceEpoch: .max).advanced(by: .seconds(1)) == .distantFuture)
    }

    @Test func `Durations round towards zero to milliseconds and stop at the ends`() {
        #expect(Duration.microseconds(1999).milliseconds == 1)
        #expect(Duration.microseconds(-1999).milliseconds == -1)
        #expect(Duration.seconds(Int64.max).milliseconds == .max)
        #expect(Duration.seconds(Int64.min).milliseconds == .min)
    }
}
