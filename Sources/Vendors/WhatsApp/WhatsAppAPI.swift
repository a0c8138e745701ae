import Planning

/// Meta's WhatsApp Cloud API: `POST {endpoint}/{phone-number-id}` with `{"pin":"987123"}` sets or changes the PIN, and
/// the token is a header. There is no request that disables.
struct WhatsAppAPI: VendorAPI {
    func content(of request: VendorRequest) throws(RequestRefusal) -> RequestContent {
        guard case .enable(let pin) = request.operation else {
            throw RequestRefusal(
                message: "the WhatsApp Cloud API cannot disable verification: turn it off in WhatsApp Manager")
        }
        guard let id = request.phoneNumberID else {
            throw RequestRefusal(message: "the entry has no phone_number_id: add it, WhatsApp Manager shows it")
        }
        // A PIN is six digits, so it needs no escape.
        return RequestContent(
            path: "/\(id)", headers: [try Self.authorization(request.token, at: request.endpoint)],
            body: Array("{\"pin\":\"\(pin.reveal())\"}".utf8))
    }

    /// Returns the header with the token, which is printable ASCII, for an endpoint that may receive it.
    static func authorization(
        _ token: Token, at endpoint: Endpoint
    ) throws(RequestRefusal) -> RequestContent.Header {
        // The file's parser rejects this too, but a store that was edited by hand bypasses that parser.
        guard case .url = endpoint else {
            throw RequestRefusal(
                message: "the endpoint \(endpoint.text) belongs to another vendor: the token would be sent there")
        }
        return .init(name: "authorization", value: "Bearer \(token.reveal())")
    }

    // MARK: - Answers

    /// A well-formed `error` in an answer.
    struct Failure {
        let code: Int
        let message: String?

        init?(_ value: JSONValue?) {
            guard case .object(let error)? = value, case .number(let code?)? = error["code"] else { return nil }
            self.code = code
            message = error["message"]?.text
        }
    }

    func judge(_ answer: VendorAnswer) -> Judgement {
        let (success, error) = (answer.body?["success"], answer.body?["error"])
        let failure = Failure(error)
        return Judgement(
            reason: Self.verdict(answer, success, error, failure), apiStatus: failure?.code, message: failure?.message)
    }

    private static func verdict(
        _ answer: VendorAnswer, _ success: JSONValue?, _ error: JSONValue?, _ failure: Failure?
    ) -> OutcomeReason {
        let claimsSuccess = success == .bool(true)
        if claimsSuccess, failure != nil || !answer.isSuccess {
            // An answer with both a success and an error is rejected as a whole.
            return answer.isSuccess ? .malformed : answer.httpStatus >= 500 ? .serverError : .unexpectedStatus
        }
        if let failure { return reason(of: failure.code, httpStatus: answer.httpStatus) }
        guard answer.isSuccess else { return OutcomeReason(httpStatus: answer.httpStatus) }
        guard error == nil || error == .null, case .bool? = success else { return .malformed }
        return claimsSuccess ? .success : .vendorRefused
    }

    /// Returns the reason for one of Meta's error codes. The error's text is for people, and may change.
    static func reason(of code: Int, httpStatus: Int) -> OutcomeReason {
        switch code {
        // The token is expired, revoked, or has no permission.
        case 190, 3, 10, 200...299: .authenticationRefused
        // Limits of the app or the account.
        case 4, 17, 32, 613, 80007, 130_429: .rateLimited
        // Too many registrations of this number: 72 hours.
        case 133_016: .tooManyAttempts
        // Temporary, and not documented to occur before anything is carried out.
        case 1, 2: .serviceUnavailable
        case 368, 131_031: .accountBlocked
        // 100, a bad parameter, and all others.
        default: httpStatus == 429 ? .rateLimited : httpStatus >= 500 ? .serverError : .vendorRefused
        }
    }
}
