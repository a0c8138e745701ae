import Dice
import Planning

/// The fault that one request meets.
public enum Fault: String, Sendable, CaseIterable, Comparable {
    case none
    /// The body was never sent.
    case notSent = "not sent"
    /// A well-formed refusal without a cause.
    case refused
    /// The same refusal, of a request that was carried out.
    case refusedAfter = "refused, done"
    /// Carried out, and the answer lost.
    case answerLost = "answer lost"
    /// Not carried out, and the answer lost.
    case requestLost = "request lost"
    /// No answer, and carried out later.
    case landsLate = "lands late"
    case serverErrorAfter = "5xx, done"
    case serverErrorBefore = "5xx, not done"
    case serverErrorLate = "5xx, lands late"
    case rateLimited = "429"
    case authenticationRefused = "401"
    /// Carried out, and answered by a proxy with a status that does not show it.
    case statusAfter = "4xx, done"
    /// The number has had too many attempts, and is blocked for long.
    case blocked

    public static func < (left: Fault, right: Fault) -> Bool { left.rawValue < right.rawValue }

    /// True when the vendor carries out the request when it arrives.
    var actsAtOnce: Bool {
        switch self {
        case .none, .refusedAfter, .answerLost, .serverErrorAfter, .statusAfter: true
        case .notSent, .refused, .requestLost, .landsLate, .serverErrorBefore, .serverErrorLate, .rateLimited,
            .authenticationRefused, .blocked:
            false
        }
    }

    /// True when the vendor carries out the request after the answer.
    var actsLate: Bool { self == .landsLate || self == .serverErrorLate }

    /// Returns the outcome that the client sees; nil when the vendor's own answer decides.
    func outcome(using random: inout SplitMix64) -> Outcome? {
        switch self {
        case .none: nil
        case .notSent:
            Outcome(
                random.pick([
                    .nameNotResolved, .connectionRefused, .connectTimeout, .tlsFailed, .notSent, .tokenUnavailable,
                ]))
        case .refused, .refusedAfter:
            Outcome(.vendorRefused, httpStatus: 200, apiStatus: 404, message: "not reachable")
        case .answerLost, .requestLost, .landsLate:
            Outcome(
                random.pick([
                    .timeout, .connectionLost, .malformed, .oversized, .serviceUnavailable, .unexpectedStatus,
                ]))
        case .serverErrorAfter, .serverErrorBefore, .serverErrorLate: Outcome(.serverError, httpStatus: 502)
        case .rateLimited:
            Outcome(
                .rateLimited, httpStatus: 429,
                retryAfter: random.chance(0.7) ? .seconds(random.int(1...300)) : nil)
        case .statusAfter:
            Self.answered(
                random.pick([400, 402, 403, 406, 407, 408, 409, 410, 412, 416, 422, 425, 451, 499, 500, 504]))
        case .blocked: Outcome(.tooManyAttempts, httpStatus: 400, apiStatus: 133_016)
        case .authenticationRefused:
            Outcome(random.pick([.authenticationRefused, .balanceRefused, .clientError]), httpStatus: 200)
        }
    }

    private static func answered(_ status: Int) -> Outcome {
        Outcome(OutcomeReason(httpStatus: status), httpStatus: status)
    }
}

/// The condition of the vendor and the network for a while.
struct Weather {
    /// The faults that a request may meet; never empty.
    var faults: [Fault] = [.notSent]
    var probability = 0.0
    /// The only action that meets faults; nil for both.
    var only: VendorAction?

    static let clear = Weather()

    /// Returns every fault at a low rate, or an outage of one kind.
    static func random(using random: inout SplitMix64, rate: Double) -> Weather {
        let kinds = Fault.allCases.filter { $0 != .none }
        if random.chance(0.3) { return clear }
        if random.chance(0.15) {
            // A vendor that refuses one of the two actions for a while.
            return Weather(faults: [.refused], probability: 0.9, only: random.pick(VendorAction.allCases))
        }
        if random.chance(0.6) { return Weather(faults: kinds, probability: rate) }
        let few = (0..<random.int(1...2)).map { _ in random.pick(kinds) }
        let only: VendorAction? = random.chance(0.3) ? random.pick(VendorAction.allCases) : nil
        return Weather(faults: few, probability: random.chance(0.5) ? 1 : 0.7, only: only)
    }

    func fault(for action: VendorAction, using random: inout SplitMix64) -> Fault {
        guard only == nil || only == action, random.chance(probability) else { return .none }
        return random.pick(faults)
    }
}
