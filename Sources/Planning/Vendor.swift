/// A vendor whose API sets the PINs of numbers. The raw values are those of `vendor` in the desired-state file.
///
/// The planner, the engine and the readers of files know a vendor by its ``capabilities`` only; the target Vendors
/// builds requests and classifies answers. A new vendor is a case here, a folder there, and its simulator.
public enum Vendor: String, Hashable, Sendable, CaseIterable {
    /// Picky Assist's two-step verification API.
    case pickyAssist = "picky-assist"
    /// Meta's WhatsApp Cloud API.
    case whatsapp

    /// The facts about this vendor that decisions depend on.
    public var capabilities: Capabilities {
        switch self {
        case .pickyAssist:
            Capabilities(
                canDisable: true, enableReplaces: false, tokenNamesNumber: true, limitsBelongToToken: false,
                rotationMethod: .reset, endpoint: .v4,
                tokenAdvice:
                    "check its value, the IP addresses that it is restricted to, and that it was made for endpoint")
        case .whatsapp:
            Capabilities(
                canDisable: false, enableReplaces: true, tokenNamesNumber: false, limitsBelongToToken: true,
                rotationMethod: .replace, endpoint: .url("https://graph.facebook.com/v25.0"),
                tokenAdvice:
                    "check that it has not expired or been revoked, that its system user may manage this number, and "
                    + "that it is meant for endpoint")
        }
    }
}

/// The capabilities of a vendor's API, as data.
public struct Capabilities: Hashable, Sendable {
    /// True when the API has a request that disables. It may be documented and still not work.
    public let canDisable: Bool
    /// True when the vendor documents that an accepted enable replaces the PIN. When it does not, `rotation_method:
    /// replace` is the operator's confirmation.
    public let enableReplaces: Bool
    /// True when the token's value decides which number a request changes. Otherwise the `phone_number_id` does, and
    /// one token serves many numbers.
    public let tokenNamesNumber: Bool
    /// True when limits and refusals concern all numbers of a token. Otherwise they concern one number, until several
    /// numbers meet them.
    public let limitsBelongToToken: Bool
    /// The rotation method of entries that name none.
    public let rotationMethod: RotationMethod
    /// The endpoint of entries that name none.
    public let endpoint: Endpoint
    /// The checks to make when the vendor refuses a token: the end of a sentence, without a full stop.
    public let tokenAdvice: String
}

/// The ID of a number in Meta's Graph API: 1 to 19 digits without a leading zero; real IDs have 15 to 17.
public struct PhoneNumberID: Hashable, Sendable, Comparable, LosslessStringConvertible {
    private let value: UInt64

    /// Creates the ID from `text`; nil when that is anything but such digits.
    public init?(_ text: String) {
        guard (1...19).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }),
            let value = UInt64(text), String(value) == text, value > 0
        else { return nil }
        self.value = value
    }

    /// The digits of the ID.
    public var description: String { String(value) }

    public static func < (left: PhoneNumberID, right: PhoneNumberID) -> Bool { left.value < right.value }
}

/// The meaning of a new value of a token that names its number: `on_new_token` in the desired-state file.
public enum NewTokenRule: String, Hashable, Sendable, CaseIterable {
    /// The token may be another number's: nothing is known of the number any longer.
    case reset
    /// The operator confirms that it is the same number's token: the desired state is applied again.
    case keep
}

/// The account to which limits, the circuit breaker and turns belong: an endpoint, together with the token at vendors
/// whose limits belong to the token.
public struct Account: Hashable, Sendable, Comparable {
    /// The name in logs, metrics and documents: the endpoint as in the desired-state file, and the token's name.
    public let text: String

    /// Creates the account with this name.
    public init(text: String) { self.text = text }

    /// Creates the account that requests for an entry belong to.
    public init(of desired: DesiredNumber) {
        text =
            desired.vendor.capabilities.limitsBelongToToken
            ? "\(desired.endpoint.text) (token \(desired.tokenName))" : desired.endpoint.text
    }

    /// The advice about an account that refuses to disable numbers: the end of a sentence, without a full stop.
    public static let refusalAdvice =
        "they stay as they are; try rotation_method: replace on one number, and see \"Find out what your vendor does\" in "
        + "operations.md"

    public static func < (left: Account, right: Account) -> Bool { left.text < right.text }
}
