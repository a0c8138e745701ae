import Planning
import Testing

struct RetryScheduleTests {
    @Test func `The ceiling doubles from the minimum to the maximum`() {
        let ceilings = (1...8).map {
            RetrySchedule.ceiling(attempts: $0, minimum: .seconds(2), maximum: .seconds(100))
        }
        #expect(ceilings == [2, 4, 8, 16, 32, 64, 100, 100].map { .seconds($0) })
    }

    @Test(arguments: [0, 1, 39, 40, 41, 1000, Int.max])
    func `The ceiling is bounded for any count`(attempts: Int) {
        let ceiling = RetrySchedule.ceiling(attempts: attempts, minimum: .seconds(2), maximum: .seconds(3600))
        #expect(ceiling >= .seconds(2) && ceiling <= .seconds(3600))
    }

    @Test func `The minimum never passes the maximum`() {
        #expect(RetrySchedule.ceiling(attempts: 1, minimum: .seconds(50), maximum: .seconds(30)) == .seconds(30))
    }

    private func delay(
        _ attempts: Int, exposed: Bool = false, jitter: Double, retryAfter: Duration? = nil
    ) -> Duration {
        RetrySchedule.delay(
            attempts: attempts, exposed: exposed, policy: Policy(), jitter: jitter, retryAfter: retryAfter)
    }

    @Test func `Jitter takes any share of the ceiling`() {
        #expect(delay(3, jitter: 0) == .zero)
        #expect(delay(3, jitter: 0.5) == .seconds(4))
        #expect(delay(30, jitter: 0.999) == .milliseconds(3_596_400))
    }

    @Test func `An exposed number waits 30 seconds at most`() {
        #expect(delay(30, exposed: true, jitter: 0.5) == .seconds(15))
        #expect(delay(1, exposed: true, jitter: 0.5) == .seconds(1))
    }

    @Test func `The wait is never shorter than the vendor asks for`() {
        #expect(delay(1, jitter: 0.5, retryAfter: .seconds(120)) == .seconds(120))
        #expect(delay(30, jitter: 0.5, retryAfter: .seconds(120)) == .seconds(1800))
        #expect(delay(1, exposed: true, jitter: 0.5, retryAfter: .seconds(120)) == .seconds(120))
    }
}
