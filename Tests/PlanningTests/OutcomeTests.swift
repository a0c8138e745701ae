import Planning
import Testing

struct OutcomeTests {
    static let expected: [Verdict: [OutcomeReason]] = [
        .accepted: [.success],
        .noEffect: [
            .nameNotResolved, .connectionRefused, .connectTimeout, .tlsFailed, .notSent, .tokenUnavailable,
            .authenticationRefused, .balanceRefused, .rateLimited, .clientError,
        ],
        .refused: [.vendorRefused],
        .inDoubt: [
            .serviceUnavailable, .serverError, .unexpectedStatus, .timeout, .connectionLost, .oversized, .malformed,
            .daemonStopped,
        ],
    ]

    @Test func `Each reason has the verdict of the design`() {
        for (verdict, reasons) in Self.expected {
            for reason in reasons { #expect(Outcome(reason).verdict == verdict, "\(reason)") }
        }
        #expect(Self.expected.values.flatMap { $0 }.count == OutcomeReason.allCases.count)
    }

    @Test func `What never left has no effect`() {
        let neverLeft = OutcomeReason.allCases.filter(\.neverLeft)
        #expect(neverLeft.allSatisfy { $0.verdict == .noEffect })
        #expect(
            Set(OutcomeReason.allCases.filter { $0.verdict == .noEffect }).subtracting(neverLeft)
                == [.authenticationRefused, .balanceRefused, .rateLimited, .clientError])
    }

    @Test func `The sentence names action, reason and what the vendor said`() {
        let outcome = Outcome(.vendorRefused, httpStatus: 200, apiStatus: 402, message: "Empty list")
        #expect(outcome.sentence(for: .enable) == "enable: the vendor refused (HTTP 200, status 402, \"Empty list\")")
        #expect(Outcome(.timeout).sentence(for: .disable) == "disable: no answer in time; it may still be done")
    }

    @Test func `Every reason of an outcome or a decision has its own name and sentence`() {
        #expect(Set(OutcomeReason.allCases.map(\.sentence)).count == OutcomeReason.allCases.count)
        #expect(Set(DecisionReason.allCases.map(\.sentence)).count == DecisionReason.allCases.count)
        for sentence in OutcomeReason.allCases.map(\.sentence) + DecisionReason.allCases.map(\.sentence) {
            #expect(!sentence.isEmpty && !sentence.hasSuffix("."))
        }
    }
}
