import Planning
import Testing

@testable import Vendors

/// Every HTTP status from 400 to 599, with and without an answer of the vendor's own.
struct StatusTableTests {
    /// The statuses, the reason that follows from them alone, and its explanation.
    private struct Line {
        let statuses: ClosedRange<Int>
        let reason: OutcomeReason
        let why: String
    }

    private static let lines = [
        Line(statuses: 400...400, reason: .unexpectedStatus, why: "proxies say it of an answer that they cannot read"),
        Line(statuses: 401...401, reason: .authenticationRefused, why: "decided from the request's head"),
        Line(statuses: 402...402, reason: .unexpectedStatus, why: "reserved: it says nothing about when"),
        Line(statuses: 403...403, reason: .forbidden, why: "a firewall's word, which may look at answers too"),
        Line(statuses: 404...405, reason: .clientError, why: "nothing is there that could carry it out"),
        Line(statuses: 406...407, reason: .unexpectedStatus, why: "about the answer, or a proxy on the way"),
        Line(statuses: 408...408, reason: .unexpectedStatus, why: "a proxy's word for an answer that came too late"),
        Line(statuses: 409...412, reason: .unexpectedStatus, why: "a repetition of what was carried out meets these"),
        Line(statuses: 413...415, reason: .clientError, why: "decided before the request is looked at"),
        Line(statuses: 416...428, reason: .unexpectedStatus, why: "no rule says when they are decided"),
        Line(statuses: 429...429, reason: .rateLimited, why: "dropped and not processed, by the vendor's own words"),
        Line(statuses: 430...430, reason: .unexpectedStatus, why: "not assigned"),
        Line(statuses: 431...431, reason: .clientError, why: "decided from the request's head"),
        Line(statuses: 432...499, reason: .unexpectedStatus, why: "not assigned, or a proxy's own, as 499 is"),
        Line(statuses: 500...599, reason: .serverError, why: "the server failed, nobody knows when"),
    ]

    /// Calls `check` for each status with the reason that follows from it alone.
    private func each(_ check: (_ status: Int, _ alone: OutcomeReason) -> Void) {
        for line in Self.lines {
            #expect(!line.why.isEmpty)
            for status in line.statuses { check(status, line.reason) }
        }
    }

    @Test func `The table has each status once`() {
        #expect(Self.lines.flatMap { Array($0.statuses) } == Array(400...599))
    }

    @Test(arguments: Vendor.allCases)
    func `Without an answer of the vendor's own the status alone decides`(_ vendor: Vendor) {
        let bodies: [ExchangeEnd.Answer.Body] =
            ["", "<html>Blocked</html>", "null", "{}", "{\"status\":", "{\"error\":\"no\"}", "{\"success\":false}"]
            .map { .complete(Array($0.utf8)) } + [.truncated(message: "closed"), .timedOut, .oversized]
        each { status, alone in
            for body in bodies {
                #expect(Sample.outcome(status, body, of: vendor).reason == alone, "\(status) \(body)")
            }
        }
        // One vendor's codes mean nothing at the other.
        let foreign = vendor == .whatsapp ? #"{"status":401}"# : #"{"error":{"code":190}}"#
        each { status, alone in #expect(Sample.outcome(status, foreign, of: vendor).reason == alone) }
    }

    /// A body of the vendor's with its reason at 4xx and at 5xx; nil where the status alone decides.
    private struct Answer {
        let vendor: Vendor
        let body: String
        let clientError: OutcomeReason?
        let serverError: OutcomeReason
        /// True when HTTP 429 takes precedence over the body.
        let yieldsTo429: Bool
    }

    private static func picky(_ status: Int, _ clientError: OutcomeReason?, yieldsTo429: Bool = true) -> Answer {
        Answer(
            vendor: .pickyAssist, body: "{\"status\":\(status),\"message\":\"said\"}", clientError: clientError,
            serverError: .serverError, yieldsTo429: yieldsTo429)
    }

    private static func meta(
        _ body: String, _ clientError: OutcomeReason, _ serverError: OutcomeReason
    ) -> Answer {
        // An unlisted code proves nothing beyond HTTP 429.
        Answer(
            vendor: .whatsapp, body: body, clientError: clientError, serverError: serverError,
            yieldsTo429: clientError == .vendorRefused)
    }

    private static let answers = [
        // Success or an unavailable service, together with an error status: a contradiction.
        picky(100, .unexpectedStatus, yieldsTo429: false), picky(101, .unexpectedStatus, yieldsTo429: false),
        // The vendor's own verdict on token, balance and attempts precedes any effect.
        picky(401, .authenticationRefused), picky(403, .balanceRefused), picky(133_016, .tooManyAttempts),
        // Any other verdict is not known to precede it.
        picky(0, nil), picky(400, nil), picky(402, nil), picky(404, nil), picky(429, nil), picky(999_999, nil),
        meta(#"{"success":true}"#, .unexpectedStatus, .serverError),
        meta(#"{"success":true,"error":{"code":190}}"#, .unexpectedStatus, .serverError),
        meta(#"{"error":{"code":190}}"#, .authenticationRefused, .authenticationRefused),
        meta(#"{"error":{"code":130429}}"#, .rateLimited, .rateLimited),
        meta(#"{"error":{"code":133016}}"#, .tooManyAttempts, .tooManyAttempts),
        meta(#"{"error":{"code":368}}"#, .accountBlocked, .accountBlocked),
        meta(#"{"error":{"code":1}}"#, .serviceUnavailable, .serviceUnavailable),
        meta(#"{"error":{"code":100}}"#, .vendorRefused, .serverError),
        meta(#"{"success":false,"error":{"code":131000}}"#, .vendorRefused, .serverError),
    ]

    @Test func `With an answer of the vendor's own it decides, as far as it comes before anything is carried out`() {
        for answer in Self.answers {
            each { status, alone in
                let expected =
                    status >= 500
                    ? answer.serverError : status == 429 && answer.yieldsTo429 ? alone : answer.clientError ?? alone
                let outcome = Sample.outcome(status, answer.body, of: answer.vendor)
                #expect(outcome.reason == expected, "\(status) \(answer.body)")
                #expect(outcome.httpStatus == status)
            }
        }
    }

    @Test func `Only what is decided before a request is carried out has no effect`() {
        let proven: Set = [401, 404, 405, 413, 414, 415, 429, 431]
        each { status, alone in
            #expect((alone.verdict == .noEffect) == proven.contains(status), "\(status)")
            #expect(alone.verdict == .noEffect || alone.verdict == .inDoubt, "\(status)")
        }
    }
}
