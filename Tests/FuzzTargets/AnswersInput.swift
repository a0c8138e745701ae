#if TESTABLE
    import Foundation
    import Planning

    @testable import Vendors

    /// A vendor's answer: two bytes for status and vendor, the `Retry-After` header up to a line end, then the body.
    public enum AnswersInput: FuzzInput {
        private static let now = Instant(millisecondsSinceEpoch: 1_790_000_000_000)
        private static let secrets = [ShownText.canary, "482913"]

        public static func problem(with bytes: [UInt8]) -> String? {
            guard bytes.count > 2 else { return nil }
            let number = Int(bytes[0]) << 8 | Int(bytes[1])
            let status = 100 + number % 500
            let vendor = Vendor.allCases[number / 500 % Vendor.allCases.count]
            let rest = ShownText.planted(Array(bytes.dropFirst(2)))
            let header = rest.prefix { $0 != 10 }
            let body = Array(rest.dropFirst(header.count + 1))
            let answer = ExchangeEnd.Answer(
                status: status, retryAfter: String(decoding: header, as: UTF8.self), body: .complete(body))
            let outcome = ResponseClassifier.classify(.answered(answer), of: vendor, now: now, secrets: secrets)
            if outcome.verdict == .accepted, !isAcceptance(vendor, status, body) { return "accepted without proof" }
            if outcome.reason.neverSent { return "an answer to what was never sent" }
            if let wait = outcome.retryAfter, !(.zero...Duration.seconds(3600)).contains(wait) {
                return "a wait of \(wait)"
            }
            guard let message = outcome.message else { return nil }
            if message.contains("482913") { return "a PIN is shown" }
            return ShownText.problem(message, longest: ResponseClassifier.maxMessageLength)
        }

        /// Judges the same answer with another reader: true for a 2xx with one object that reports success.
        private static func isAcceptance(_ vendor: Vendor, _ status: Int, _ body: [UInt8]) -> Bool {
            // An answer that cannot be read is not an acceptance.
            guard let object = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any] else {
                return false
            }
            let says =
                switch vendor {
                case .pickyAssist: (object["status"] as? Int) == 100 || (object["status"] as? String) == "100"
                case .whatsapp: (object["success"] as? Bool) == true
                }
            return (200..<300).contains(status) && says
        }
    }
#endif
