public import Planning

/// One request for a vendor, with the secrets that it needs.
public struct VendorRequest: Sendable {
    public let vendor: Vendor
    public let endpoint: Endpoint
    /// The ID of the number, when the token does not name the number.
    public let phoneNumberID: PhoneNumberID?
    public let token: Token
    public let operation: VendorOperation

    public init(
        vendor: Vendor, endpoint: Endpoint, phoneNumberID: PhoneNumberID? = nil, token: Token,
        operation: VendorOperation
    ) {
        self.vendor = vendor
        self.endpoint = endpoint
        self.phoneNumberID = phoneNumberID
        self.token = token
        self.operation = operation
    }

    /// The texts that must never be shown in connection with this request.
    var secrets: [String] {
        switch operation {
        case .enable(let pin):
            [token.reveal(), pin.reveal()] + Self.asNumber(pin)
        case .disable: [token.reveal()]
        }
    }

    /// Returns the PIN without its leading zeros, because a vendor that parses it as a number may repeat it so. Empty
    /// when so few digits are left that they would be found in every other number.
    private static func asNumber(_ pin: PIN) -> [String] {
        let digits = String(pin.reveal().drop { $0 == "0" })
        return (4...5).contains(digits.utf8.count) ? [digits] : []
    }
}
