public import Planning

/// One question to WhatsApp's Cloud API: whether verification of a number is enabled. The answer never says with which
/// PIN.
///
/// Sends `GET {endpoint}/{phone-number-id}?fields=is_pin_enabled,display_phone_number`, which changes nothing.
public struct ObservationRequest: Sendable {
    /// The number that the ID should belong to.
    public let number: PhoneNumber
    public let phoneNumberID: PhoneNumberID
    /// The base URL to which the ID is appended.
    public let endpoint: Endpoint
    public let token: Token

    public init(number: PhoneNumber, phoneNumberID: PhoneNumberID, endpoint: Endpoint, token: Token) {
        self.number = number
        self.phoneNumberID = phoneNumberID
        self.endpoint = endpoint
        self.token = token
    }

    /// The texts that must never be shown in connection with this request.
    var secrets: [String] { [token.reveal()] }

    /// Returns the request in the form in which it leaves the process.
    func content() throws(RequestRefusal) -> RequestContent {
        RequestContent(
            path: "/\(phoneNumberID)?fields=is_pin_enabled,display_phone_number",
            headers: [try WhatsAppAPI.authorization(token, at: endpoint)])
    }

    // MARK: - Answers

    /// Returns the answer of an exchange: a total function, whose result is unknown when anything is uncertain.
    func answer(_ end: ExchangeEnd, now: Instant, hiding others: SecretIndex = SecretIndex()) -> ObserverAnswer {
        var isEnabled: Bool?
        let outcome = ResponseClassifier.classify(end, now: now, secrets: secrets, others: others) { answer in
            switch read(answer) {
            case .seen(let value):
                isEnabled = value
                return Judgement(reason: .success)
            case .nothing(let judgement): return judgement
            }
        }
        guard outcome.reason == .success, let isEnabled else { return .unknown(outcome) }
        return isEnabled ? .enabled : .disabled
    }

    /// The content of one answer.
    private enum Content {
        /// The answer shows whether verification is enabled.
        case seen(Bool)
        case nothing(Judgement)
    }

    private func read(_ answer: VendorAnswer) -> Content {
        let (value, error) = (answer.body?["is_pin_enabled"], answer.body?["error"])
        if let failure = WhatsAppAPI.Failure(error) {
            // An answer with both a value and an error is rejected as a whole.
            let reason =
                value != nil && answer.isSuccess
                ? OutcomeReason.malformed : WhatsAppAPI.reason(of: failure.code, httpStatus: answer.httpStatus)
            return .nothing(Judgement(reason: reason, apiStatus: failure.code, message: failure.message))
        }
        guard answer.isSuccess else { return .nothing(Judgement(reason: OutcomeReason(httpStatus: answer.httpStatus))) }
        guard let body = answer.body, Self.isAbsent(error), isAboutID(body["id"]) else {
            return .nothing(Judgement(reason: .malformed))
        }
        if let problem = owner(body["display_phone_number"]) { return .nothing(problem) }
        guard case .bool(let isEnabled)? = value else { return .nothing(Judgement(reason: .malformed)) }
        return .seen(isEnabled)
    }

    private static func isAbsent(_ value: JSONValue?) -> Bool { value == nil || value == .null }

    private func isAboutID(_ id: JSONValue?) -> Bool { Self.isAbsent(id) || id == .text(phoneNumberID.description) }

    /// Returns the mismatch between the answer's number and the entry's; nil when they agree, or the answer names none.
    ///
    /// Another number is a mistake in the desired state: the endpoint works, so it is a refusal and not an outage.
    private func owner(_ displayed: JSONValue?) -> Judgement? {
        if Self.isAbsent(displayed) { return nil }
        guard let text = displayed?.text else { return Judgement(reason: .malformed) }
        let digits = String(decoding: text.utf8.filter { (48...57).contains($0) }, as: UTF8.self)
        if "+\(digits)" == number.description { return nil }
        let other = digits.isEmpty ? "no telephone number" : "+\(digits.prefix(32))"
        return Judgement(
            reason: .vendorRefused,
            message: "phone_number_id \(phoneNumberID) belongs to \(other), not to \(number): correct the entry")
    }
}
