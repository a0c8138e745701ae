import Planning
import Testing

@testable import Vendors

/// Requests and answers for tests.
enum Sample {
    static let now = Instant(millisecondsSinceEpoch: 1_790_000_000_000)

    static func token(_ text: String = "token-1") throws -> Token { try #require(Token(text)) }

    static func enable(
        _ url: String = "http://127.0.0.1:1/", token: String = "token-1", pin: String = "987123"
    ) throws -> VendorRequest {
        VendorRequest(
            vendor: .pickyAssist, endpoint: .url(url), token: try Sample.token(token),
            operation: .enable(try #require(PIN(digits: pin))))
    }

    static func disable(_ url: String = "http://127.0.0.1:1/", token: String = "token-1") throws -> VendorRequest {
        VendorRequest(
            vendor: .pickyAssist, endpoint: .url(url), token: try Sample.token(token), operation: .disable)
    }

    /// Returns a request for the WhatsApp Cloud API.
    static func whatsapp(
        _ url: String = "http://127.0.0.1:1", id: String? = "106540352242922", token: String = "token-1",
        operation: VendorOperation? = nil
    ) throws -> VendorRequest {
        VendorRequest(
            vendor: .whatsapp, endpoint: .url(url), phoneNumberID: id.flatMap { PhoneNumberID($0) },
            token: try Sample.token(token),
            operation: try operation ?? .enable(try #require(PIN(digits: "987123"))))
    }

    /// Returns an observation request to the WhatsApp Cloud API.
    static func observation(
        _ url: String = "http://127.0.0.1:1", number: String = "+15550100001", id: String = "106540352242922",
        token: String = "token-1"
    ) throws -> ObservationRequest {
        ObservationRequest(
            number: try #require(PhoneNumber(number)), phoneNumberID: try #require(PhoneNumberID(id)),
            endpoint: .url(url), token: try Sample.token(token))
    }

    /// Returns the outcome of an answer with this status and body.
    static func outcome(
        _ status: Int, _ body: String, of vendor: Vendor = .pickyAssist, retryAfter: String? = nil,
        secrets: [String] = []
    ) -> Outcome {
        let answer = ExchangeEnd.Answer(status: status, retryAfter: retryAfter, body: .complete(Array(body.utf8)))
        return ResponseClassifier.classify(.answered(answer), of: vendor, now: now, secrets: secrets)
    }

    static func outcome(
        _ status: Int, _ body: ExchangeEnd.Answer.Body, of vendor: Vendor = .pickyAssist
    ) -> Outcome {
        ResponseClassifier.classify(.answered(.init(status: status, body: body)), of: vendor, now: now, secrets: [])
    }
}

extension VendorRequest {
    /// Returns the content that is specific to this request, without the headers of every request.
    func content() throws(RequestRefusal) -> RequestContent { try vendor.api.content(of: self) }

    /// Returns the body as text.
    func bodyText() throws(RequestRefusal) -> String { String(decoding: try content().body, as: UTF8.self) }
}

extension HTTPVendorClient {
    /// Sends one request, and waits for its outcome.
    func send(_ request: VendorRequest, hiding others: SecretIndex = SecretIndex()) async -> Outcome {
        await withCheckedContinuation { continuation in
            send(request, hiding: others) { continuation.resume(returning: $0) }
        }
    }

    /// Sends one observation request, and waits for its answer.
    func observe(_ request: ObservationRequest, hiding others: SecretIndex = SecretIndex()) async -> ObserverAnswer {
        await withCheckedContinuation { continuation in
            observe(request, hiding: others) { continuation.resume(returning: $0) }
        }
    }
}
