/// A vendor whose API sets the PINs of numbers. The raw values are those of `vendor` in the desired-state file.
///
/// What the planner, the engine and the readers of files know of a vendor is its ``capabilities``; how a request is built and
/// an answer judged is the target Vendors' business. A new vendor is a case here, a folder there, and its simulator.
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

/// What a vendor's API can do, as data.
public struct Capabilities: Hashable, Sendable {
    /// Whether the API has a request that disables. It may be documented and prove untrue.
    public let canDisable: Bool
    /// Whether, by the vendor's own word, an accepted enable replaces the PIN. Where it is unknown, `rotation_method: replace`
    /// is the operator's word for it.
    public let enableReplaces: Bool
    /// Whether the token's value decides which number a request changes. Otherwise the `phone_number_id` does, and one token
    /// serves many numbers.
    public let tokenNamesNumber: Bool
    /// Whether limits and refusals concern all numbers of a token. Otherwise they are the number's, until several numbers
    /// meet them.
    public let limitsBelongToToken: Bool
    /// The rotation method of entries that name none.
    public let rotationMethod: RotationMethod
    /// The endpoint of entries that name none.
    public let endpoint: Endpoint
    /// What to check when the vendor refuses a token: the end of a sentence, without a full stop.
    public let tokenAdvice: String
}

/// The id of a number in Meta's Graph API: 1 to 19 digits without a leading zero; those in use have 15 to 17.
public struct PhoneNumberID: Hashable, Sendable, Comparable, LosslessStringConvertible {
    private let value: UInt64

    /// The id in `text`; nil when that is anything but such digits.
    public init?(_ text: String) {
        guard (1...19).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }),
            let value = UInt64(text), String(value) == text, value > 0
        else { return nil }
        self.value = value
    }

    /// The digits.
    public var description: String { String(value) }

    public static func < (left: PhoneNumberID, right: PhoneNumberID) -> Bool { left.value < right.value }
}

/// What a new value of a token that names its number means: `on_new_token` in the desired-state file.
public enum NewTokenRule: String, Hashable, Sendable, CaseIterable {
    /// It may be another number's token: nothing is known of the number any more.
    case reset
    /// It is the same number's, by the operator's word: the desired state is applied again.
    case keep
}

/// What limits, the circuit breaker and turns belong to: an endpoint, and at a vendor whose limits belong to the token, the
/// token.
public struct Account: Hashable, Sendable, Comparable {
    /// The name that logs, metrics and documents show: the endpoint as in the desired-state file, and the token's name.
    public let text: String

    /// The account with this name.
    public init(text: String) { self.text = text }

    /// The account that requests for an entry belong to.
    public init(of desired: DesiredNumber) {
        text =
            desired.vendor.capabilities.limitsBelongToToken
            ? "\(desired.endpoint.text) (token \(desired.tokenName))" : desired.endpoint.text
    }

    /// What to do about an account that refuses to disable numbers: the end of a sentence, without a full stop.
    public static let refusalAdvice =
        "they stay as they are; try rotation_method: replace on one number, and see \"Find out what your vendor does\" in "
        + "operations.md"

    public static func < (left: Account, right: Account) -> Bool { left.text < right.text }
}
