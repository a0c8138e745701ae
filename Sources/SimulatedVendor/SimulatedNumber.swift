/// A token of Picky Assist, which names one number, and the number's initial state.
public struct SimulatedToken: Hashable, Sendable {
    public let token: String
    public let state: VendorState

    public init(token: String, state: VendorState = .off) {
        self.token = token
        self.state = state
    }

    /// Parses `TOKEN`, `TOKEN=off` or `TOKEN=foreign:123456`.
    public init(parsing text: String) throws(SimulationError) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let token = parts.first, !token.isEmpty else { throw .token(text) }
        self.init(token: token, state: parts.count == 2 ? try VendorState(parsing: parts[1]) : .off)
    }

    static func isPIN(_ text: String) -> Bool {
        text.utf8.count == 6 && text.utf8.allSatisfy { (48...57).contains($0) }
    }
}

/// A number that WhatsApp's Cloud API knows by its ID.
public struct SimulatedNumber: Hashable, Sendable {
    /// The `phone_number_id`: 1 to 19 digits.
    public let id: String
    /// The phone number as the API displays it; nil leaves it out of every answer.
    public let number: String?
    /// The token that may change and observe the number. One token may serve many numbers.
    public let token: String
    /// The Picky Assist token that names the same number; nil when Picky Assist does not serve it.
    public let pickyAssistToken: String?
    /// The initial state; for a number that Picky Assist serves too, the token's state applies.
    public let state: VendorState

    /// Creates a number that WhatsApp's API alone serves.
    public init(id: String, number: String? = nil, token: String, state: VendorState = .off) {
        self.init(id, number, token, pickyAssistToken: nil, state)
    }

    /// Creates the number that a Picky Assist token names: its ID, and a token of WhatsApp's API for it.
    public init(id: String, number: String? = nil, token: String, of pickyAssistToken: String) {
        self.init(id, number, token, pickyAssistToken: pickyAssistToken, .off)
    }

    private init(_ id: String, _ number: String?, _ token: String, pickyAssistToken: String?, _ state: VendorState) {
        precondition(Self.isID(id) && !token.isEmpty, "an id is 1 to 19 digits, and has a token")
        precondition(number.map(Self.isNumber) ?? true, "a number is + and digits, with spaces and dashes between them")
        self.id = id
        self.number = number
        self.token = token
        self.pickyAssistToken = pickyAssistToken
        self.state = state
    }

    /// Parses `ID=TOKEN`, `ID=TOKEN=off`, `ID=TOKEN=foreign:123456` or `ID=TOKEN=of:PICKY-ASSIST-TOKEN`;
    /// `ID+15550100001=…` also gives the phone number.
    public init(parsing text: String) throws(SimulationError) {
        let parts = text.split(separator: "=", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 2, !parts[1].isEmpty else { throw .number(text) }
        let id = String(parts[0].prefix { $0 != "+" })
        let number = parts[0].count == id.count ? nil : String(parts[0].dropFirst(id.count))
        guard Self.isID(id), number.map(Self.isNumber) ?? true else { throw .number(text) }
        guard parts.count == 3 else {
            self.init(id: id, number: number, token: parts[1])
            return
        }
        if parts[2].hasPrefix("of:") {
            self.init(id: id, number: number, token: parts[1], of: String(parts[2].dropFirst(3)))
        } else {
            self.init(id: id, number: number, token: parts[1], state: try VendorState(parsing: parts[2]))
        }
    }

    static func isID(_ text: String) -> Bool {
        (1...19).contains(text.utf8.count) && text.utf8.allSatisfy { (48...57).contains($0) }
    }

    /// Returns whether `text` is a valid number; such text needs no escape in JSON.
    private static func isNumber(_ text: String) -> Bool {
        text.hasPrefix("+") && (2...32).contains(text.utf8.count)
            && text.dropFirst().allSatisfy { "0123456789 -()".contains($0) }
    }
}
