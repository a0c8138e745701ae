public import Planning

/// One request as the vendor documents it: `POST` with a JSON body, and no authentication header.
public struct VendorRequest: Sendable {
    public let endpoint: Endpoint
    public let token: Token
    /// What is asked: `action` 0 with the PIN enables, `action` 1 disables.
    public let operation: VendorOperation

    public init(endpoint: Endpoint, token: Token, operation: VendorOperation) {
        self.endpoint = endpoint
        self.token = token
        self.operation = operation
    }

    /// The bytes of the body: `{"token":"…","action":0,"pin":"987123"}` or `{"token":"…","action":1}`.
    ///
    /// The PIN is a string, as in the vendor's samples; its table says number, which could not hold a leading zero.
    public var body: [UInt8] {
        let token = Self.quoted(token.reveal())
        switch operation {
        case .enable(let pin): return Array("{\"token\":\(token),\"action\":0,\"pin\":\"\(pin.reveal())\"}".utf8)
        case .disable: return Array("{\"token\":\(token),\"action\":1}".utf8)
        }
    }

    /// What must not appear in anything that is shown about this request.
    var secrets: [String] {
        switch operation {
        case .enable(let pin):
            [token.reveal(), pin.reveal()] + Self.asNumber(pin)
        case .disable: [token.reveal()]
        }
    }

    /// The PIN without its leading zeros, as a vendor that reads it as a number may say it; none when so little is left
    /// that it would be found in every other number.
    private static func asNumber(_ pin: PIN) -> [String] {
        let digits = String(pin.reveal().drop { $0 == "0" })
        return (4...5).contains(digits.utf8.count) ? [digits] : []
    }

    /// A token is printable ASCII, so only two characters need an escape (RFC 8259, section 7).
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for character in text {
            if character == "\"" || character == "\\" { quoted.append("\\") }
            quoted.append(character)
        }
        return quoted + "\""
    }
}
