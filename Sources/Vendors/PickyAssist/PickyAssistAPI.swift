import Planning

/// Picky Assist's two-step verification API: `action` 0 with a PIN enables, `action` 1 disables, the token in the body
/// decides which number is changed, and the answer's `status` is the verdict: 100 is success.
struct PickyAssistAPI: VendorAPI {
    /// Returns the body `{"token":"…","action":0,"pin":"987123"}` or `{"token":"…","action":1}`.
    ///
    /// The PIN is a string, as in the vendor's samples; the vendor's table says number, which could not have a leading
    /// zero.
    func content(of request: VendorRequest) -> RequestContent {
        let token = Self.quoted(request.token.reveal())
        let body =
            switch request.operation {
            case .enable(let pin): "{\"token\":\(token),\"action\":0,\"pin\":\"\(pin.reveal())\"}"
            case .disable: "{\"token\":\(token),\"action\":1}"
            }
        return RequestContent(body: Array(body.utf8))
    }

    /// Returns the token as a JSON string. It is printable ASCII, so only two characters need an escape (RFC 8259,
    /// section 7).
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for character in text {
            if character == "\"" || character == "\\" { quoted.append("\\") }
            quoted.append(character)
        }
        return quoted + "\""
    }

    // MARK: - Answers

    /// The status with which WhatsApp blocks a number for 72 hours, and which the vendor may pass on.
    private static let longBlock = 133_016

    func judge(_ answer: VendorAnswer) -> Judgement {
        let status = answer.body?["status"].flatMap(Self.status)
        let message = status == nil ? nil : answer.body?["message"]?.text
        let reason =
            switch answer.httpStatus {
            case 200..<300: Self.verdict(status, message, secrets: answer.secrets)
            case 400..<500: Self.clientError(answer.httpStatus, status)
            default: OutcomeReason(httpStatus: answer.httpStatus)
            }
        return Judgement(reason: reason, apiStatus: status, message: message)
    }

    /// Returns the reason for an HTTP 2xx answer, whose verdict is the body's status.
    private static func verdict(_ status: Int?, _ message: String?, secrets: [String]) -> OutcomeReason {
        switch status {
        case nil: .malformed
        case 100: .success
        case 101: .serviceUnavailable
        case 401: .authenticationRefused
        case 403: .balanceRefused
        case longBlock: .tooManyAttempts
        default: names(longBlock, message, secrets: secrets) ? .tooManyAttempts : .vendorRefused
        }
    }

    /// Returns the reason for an HTTP 4xx answer. The vendor's own verdict on token, balance or attempts counts; a body
    /// that claims success contradicts itself and proves nothing. Any other body is of unknown origin, and the HTTP
    /// status alone decides.
    private static func clientError(_ httpStatus: Int, _ status: Int?) -> OutcomeReason {
        switch status {
        case 100, 101: .unexpectedStatus
        case _ where httpStatus == 429: .rateLimited
        case 401: .authenticationRefused
        case 403: .balanceRefused
        case longBlock: .tooManyAttempts
        default: OutcomeReason(httpStatus: httpStatus)
        }
    }

    /// Returns the status from a whole number, or from a string with exactly the digits of one: `0100`, `+100` and `100
    /// ` are not accepted.
    private static func status(_ value: JSONValue) -> Int? {
        switch value {
        case .number(let number): return number
        case .text(let text):
            guard let number = Int(text), (0..<1_000_000_000).contains(number), String(number) == text else {
                return nil
            }
            return number
        case .object, .array, .bool, .null: return nil
        }
    }

    /// Returns whether `code` is one of the numbers in `message`, and not a PIN that the vendor repeats.
    private static func names(_ code: Int, _ message: String?, secrets: [String]) -> Bool {
        guard let message, !secrets.contains(String(code)) else { return false }
        return message.utf8.split { !(48...57).contains($0) }.contains { $0.elementsEqual(String(code).utf8) }
    }
}
