import Planning
import Testing
import VendorAPI

/// Requests and answers for tests.
enum Sample {
    static let now = Instant(millisecondsSinceEpoch: 1_790_000_000_000)

    static func token(_ text: String = "token-1") throws -> Token { try #require(Token(text)) }

    static func enable(
        _ url: String = "http://127.0.0.1:1/", token: String = "token-1", pin: String = "987123"
    ) throws -> VendorRequest {
        VendorRequest(
            endpoint: .url(url), token: try Sample.token(token), operation: .enable(try #require(PIN(digits: pin))))
    }

    static func disable(_ url: String = "http://127.0.0.1:1/", token: String = "token-1") throws -> VendorRequest {
        VendorRequest(endpoint: .url(url), token: try Sample.token(token), operation: .disable)
    }

    /// The outcome of an answer with this status and body.
    static func outcome(_ status: Int, _ body: String, retryAfter: String? = nil, secrets: [String] = []) -> Outcome {
        let answer = ExchangeEnd.Answer(status: status, retryAfter: retryAfter, body: .complete(Array(body.utf8)))
        return ResponseClassifier.classify(.answered(answer), now: now, secrets: secrets)
    }

    static func outcome(_ status: Int, _ body: ExchangeEnd.Answer.Body) -> Outcome {
        ResponseClassifier.classify(.answered(.init(status: status, body: body)), now: now, secrets: [])
    }
}

extension HTTPVendorClient {
    /// Sends one request, and waits for its outcome.
    func send(_ request: VendorRequest, hiding others: SecretIndex = SecretIndex()) async -> Outcome {
        await withCheckedContinuation { continuation in
            send(request, hiding: others) { continuation.resume(returning: $0) }
        }
    }
}
