public import Planning

/// One request for a vendor, with the secrets that it needs.
public struct VendorRequest: Sendable {
    public let vendor: Vendor
    public let endpoint: Endpoint
    /// The id of the number, where the token does not name it.
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

    /// The texts that nothing shown about this request may contain.
    var secrets: [String] {
        switch operation {
        case .enable(let pin):
            [token.reveal(), pin.reveal()] + Self.asNumber(pin)
        case .disable: [token.reveal()]
        }
    }

    /// The PIN without its leading zeros, as a vendor that reads it as a number may repeat it; none when so little is left
    /// that it would be found in every other number.
    private static func asNumber(_ pin: PIN) -> [String] {
        let digits = String(pin.reveal().drop { $0 == "0" })
        return (4...5).contains(digits.utf8.count) ? [digits] : []
    }
}
