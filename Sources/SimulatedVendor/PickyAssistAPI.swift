import Foundation
import NIOHTTP1

/// Picky Assist's API: one path, the number named by the token in the body, the verdict in the body's `status`.
struct PickyAssistAPI: SimulatedAPI {
    static let path = "/api/v2/two-step-verification"

    func serves(_ method: HTTPMethod, path: String) -> Bool { method == .POST && path == Self.path }

    func request(_ head: HTTPRequestHead, _ body: Data) -> VendorModel.Request? { VendorModel.Request(body: body) }

    func answer(_ verdict: VendorModel.Verdict) -> Answer {
        switch verdict {
        case .success: Self.body(100, "Success")
        case .serviceUnavailable: Self.body(101, "Service unavailable")
        case .badRequest: Self.body(400, "Bad request")
        case .authenticationFailed: Self.body(401, "Authentication failed")
        case .notReachable, .unknownNumber: Self.body(404, "Device or channel not reachable")
        case .cannotDisable: Self.body(404, "Two factor verification cannot be disabled")
        case .alreadyOff: Self.body(405, "Two factor verification is not enabled")
        case .alreadyOn: Self.body(406, "Two factor verification is already enabled")
        case .tooManyAttempts: Self.body(133_016, "Too many attempts")
        case .limited: .text(.tooManyRequests, "slow down")
        case .seen: preconditionFailure("this API has no look")
        }
    }

    var serverError: Answer { .json(.internalServerError, #"{"error":"internal"}"#) }

    func success(padding: String) -> Answer { Self.body(100, padding) }

    func withStringStatus(_ answer: Answer) -> Answer {
        .json(answer.status, answer.body.replacing(#/"status":(\d+)/#) { #""status":"\#($0.output.1)""# })
    }

    private static func body(_ status: Int, _ message: String) -> Answer {
        .json(.ok, #"{"status":\#(status),"message":"\#(message)"}"#)
    }
}

extension VendorModel.Request {
    private struct Wire: Decodable {
        let token: String
        let action: Int
        let pin: String?
    }

    /// Creates the request from the body of a request to Picky Assist, strictly as documented; nil for any other body.
    init?(body: Data) {
        // An invalid body makes the result nil.
        guard let wire = try? JSONDecoder().decode(Wire.self, from: body) else { return nil }
        switch (wire.action, wire.pin) {
        case (0, let pin?) where SimulatedToken.isPIN(pin): self = .enable(token: wire.token, pin: pin)
        case (1, nil): self = .disable(token: wire.token)
        default: return nil
        }
    }
}
