import Planning
import Testing

struct OutcomeTests {
    static let expected: [Verdict: [OutcomeReason]] = [
        .accepted: [.success],
        .noEffect: [
            .nameNotResolved, .connectionRefused, .connectTimeout, .tlsFailed, .notSent, .tokenUnavailable,
            .authenticationRefused, .balanceRefused, .rateLimited, .clientError, .tooManyAttempts, .accountBlocked,
        ],
        .refused: [.vendorRefused],
        .inDoubt: [
            .forbidden, .serviceUnavailable, .serverError, .unexpectedStatus, .timeout, .connectionLost, .oversized,
            .malformed, .daemonStopped,
        ],
    ]

    @Test func `Each reason has the verdict of the design`() {
        for (verdict, reasons) in Self.expected {
            for reason in reasons { #expect(Outcome(reason).verdict == verdict, "\(reason)") }
        }
        #expect(Self.expected.values.flatMap { $0 }.count == OutcomeReason.allCases.count)
    }

    @Test func `What never left has no effect`() {
        let neverSent = OutcomeReason.allCases.filter(\.neverSent)
        #expect(neverSent.allSatisfy { $0.verdict == .noEffect })
        #expect(
            Set(OutcomeReason.allCases.filter { $0.verdict == .noEffect }).subtracting(neverSent)
                == [
                    .authenticationRefused, .balanceRefused, .rateLimited, .clientError, .tooManyAttempts,
                    .accountBlocked,
                ])
    }

    /// Every HTTP status of a failure, with the reason that follows from it alone.
    static let statuses: [(range: ClosedRange<Int>, reason: OutcomeReason)] = [
        (400...400, .unexpectedStatus), (401...401, .authenticationRefused), (402...402, .unexpectedStatus),
        (403...403, .forbidden), (404...405, .clientError), (406...412, .unexpectedStatus), (413...415, .clientError),
        (416...428, .unexpectedStatus), (429...429, .rateLimited), (430...430, .unexpectedStatus),
        (431...431, .clientError), (432...499, .unexpectedStatus), (500...599, .serverError),
    ]

    @Test func `An HTTP status proves that nothing was done only where it is decided before that`() {
        #expect(Self.statuses.flatMap { Array($0.range) } == Array(400...599))
        for line in Self.statuses {
            for status in line.range { #expect(OutcomeReason(httpStatus: status) == line.reason, "\(status)") }
        }
    }

    @Test func `The sentence names action, reason and what the vendor said`() {
        let outcome = Outcome(.vendorRefused, httpStatus: 200, apiStatus: 402, message: "Empty list")
        #expect(outcome.sentence(for: .enable) == "enable: the vendor refused (HTTP 200, status 402, \"Empty list\")")
        #expect(Outcome(.timeout).sentence(for: .disable) == "disable: no answer in time; it may still be carried out")
    }

    @Test func `Every reason of an outcome or a decision has its own name and sentence`() {
        #expect(Set(OutcomeReason.allCases.map(\.sentence)).count == OutcomeReason.allCases.count)
        #expect(Set(DecisionReason.allCases.map(\.sentence)).count == DecisionReason.allCases.count)
        for sentence in OutcomeReason.allCases.map(\.sentence) + DecisionReason.allCases.map(\.sentence) {
            #expect(!sentence.isEmpty && !sentence.hasSuffix("."))
        }
    }
}
