import Planning
import SimulatedVendor
import Testing
import Vendors

/// Requests whose deadline passes at the very moment at which they leave.
///
/// The client's outcome must be true for them: a request reported as "not sent" and carried out all the same would
/// leave a live PIN outside the belief.
@Suite("The client, when a request is given up as it leaves", .timeLimit(.minutes(3)))
struct DeadlineRaceTests {
    private static let count = 600

    private func vendor() async throws -> SimulatedVendor {
        var options = SimulatedVendor.Options()
        options.tokens = (0..<Self.count).map { SimulatedToken(token: "token-\($0)") } + [SimulatedToken(token: "last")]
        return try await SimulatedVendor(options)
    }

    /// Compares the client's outcomes with the vendor's effects, when no request is in flight any longer.
    private func check(_ outcomes: [Int: Outcome], _ vendor: SimulatedVendor) async throws {
        // Its answer comes after everything that the vendor's only thread has read before.
        let client = HTTPVendorClient(requestTimeout: .seconds(60))
        #expect(await client.send(try Sample.enable(vendor.url, token: "last")).reason == .success)
        await client.shutdown()
        let truth = vendor.truth
        #expect(outcomes.count == Self.count)
        for (number, outcome) in outcomes {
            let state = truth["token-\(number)"]
            switch outcome.verdict {
            case .accepted: #expect(state == .on(pin: "987123"), "\(outcome)")
            case .noEffect: #expect(state == .off, "\(outcome)")
            case .inDoubt: #expect(outcome.reason == .timeout || outcome.reason == .connectionLost, "\(outcome)")
            case .refused: Issue.record("a healthy vendor refuses nothing: \(outcome)")
            }
        }
        try await vendor.stop()
    }

    @Test func `a time limit that strikes at any moment makes no false statement`() async throws {
        let vendor = try await vendor()
        let url = vendor.url
        var outcomes: [Int: Outcome] = [:]
        for limit in 1...30 {
            let client = HTTPVendorClient(requestTimeout: .milliseconds(limit))
            try await withThrowingTaskGroup(of: (Int, Outcome).self) { group in
                for number in ((limit - 1) * 20)..<(limit * 20) {
                    let request = try Sample.enable(url, token: "token-\(number)")
                    group.addTask { (number, await client.send(request)) }
                }
                for try await (number, outcome) in group { outcomes[number] = outcome }
            }
            await client.shutdown()
        }
        try await check(outcomes, vendor)
    }
}
