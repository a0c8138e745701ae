import Foundation
import NIOHTTP1

/// WhatsApp's Cloud API: the number named by its ID in the path, a bearer token, errors as an object with a code.
struct WhatsAppAPI: SimulatedAPI {
    /// The path before the ID.
    static let base = "/v25.0"

    func serves(_ method: HTTPMethod, path: String) -> Bool {
        (method == .POST || method == .GET) && path.hasPrefix(Self.base + "/")
    }

    func request(_ head: HTTPRequestHead, _ body: Data) -> VendorModel.Request? {
        guard let parts = URLComponents(string: head.uri), parts.path.hasPrefix(Self.base + "/") else { return nil }
        let id = String(parts.path.dropFirst(Self.base.count + 1))
        let token = Self.token(head.headers)
        guard head.method == .GET else { return .setPIN(id: id, token: token, pin: Self.pin(body)) }
        return .look(id: id, token: token, fields: Self.fields(parts.queryItems ?? []))
    }

    func answer(_ verdict: VendorModel.Verdict) -> Answer {
        switch verdict {
        case .success: .json(.ok, #"{"success":true}"#)
        case .seen(let look): .json(.ok, Self.body(look))
        case .authenticationFailed: Self.error(.unauthorized, 190, "Invalid OAuth access token")
        case .unknownNumber:
            Self.error(.badRequest, 100, "(#100) Invalid parameter", "Object with this ID does not exist")
        case .badRequest:
            Self.error(.badRequest, 100, "(#100) Invalid parameter", "A parameter is missing or malformed")
        case .notReachable: Self.error(.badRequest, 133_010, "(#133010) Account not registered")
        case .tooManyAttempts: Self.error(.badRequest, 133_016, "(#133016) Account register deregister rate limit")
        case .serviceUnavailable: Self.error(.serviceUnavailable, 2, "Service temporarily unavailable")
        case .limited(.calls): Self.error(.badRequest, 4, "(#4) Application request limit reached")
        case .limited(.rate): Self.error(.tooManyRequests, 130_429, "(#130429) Rate limit hit")
        case .cannotDisable, .alreadyOff, .alreadyOn:
            preconditionFailure("this API has no disable, and each new PIN replaces the one before")
        }
    }

    var serverError: Answer { Self.error(.internalServerError, 1, "An unknown error occurred") }

    func success(padding: String) -> Answer { .json(.ok, #"{"success":true,"message":"\#(padding)"}"#) }

    func withStringStatus(_ answer: Answer) -> Answer { answer }

    // MARK: - Requests

    /// Returns the bearer token; empty without one, which matches no number.
    private static func token(_ headers: HTTPHeaders) -> String {
        let scheme = "bearer "
        guard let value = headers.first(name: "authorization"), value.lowercased().hasPrefix(scheme) else { return "" }
        return String(value.dropFirst(scheme.count))
    }

    private static func pin(_ body: Data) -> String? {
        struct Wire: Decodable {
            let pin: String
        }
        // An invalid body makes the result nil.
        return (try? JSONDecoder().decode(Wire.self, from: body)).map(\.pin).flatMap {
            SimulatedToken.isPIN($0) ? $0 : nil
        }
    }

    /// Returns the requested fields, by default the phone number; nil when one is unknown.
    private static func fields(_ query: [URLQueryItem]) -> Set<VendorModel.LookField>? {
        guard let names = query.first(where: { $0.name == "fields" })?.value else { return [.displayPhoneNumber] }
        let fields = names.split(separator: ",").map { VendorModel.LookField(rawValue: String($0)) }
        return fields.contains(nil) ? nil : Set(fields.compactMap { $0 })
    }

    // MARK: - Answers

    private static func body(_ look: VendorModel.Look) -> String {
        let fields = [
            look.isEnabled.map { #""is_pin_enabled":\#($0)"# },
            look.number.map { #""display_phone_number":"\#($0)""# },
            #""id":"\#(look.id)""#,
        ]
        return "{" + fields.compactMap { $0 }.joined(separator: ",") + "}"
    }

    private static func error(
        _ status: HTTPResponseStatus, _ code: Int, _ message: String, _ details: String? = nil
    ) -> Answer {
        let data = details.map { #""error_data":{"messaging_product":"whatsapp","details":"\#($0)"},"# } ?? ""
        return .json(
            status,
            #"{"error":{"message":"\#(message)","type":"OAuthException","code":\#(code),\#(data)"#
                + #""fbtrace_id":"AbCdEfGhIjKlMnOpQrStUvW"}}"#)
    }
}
