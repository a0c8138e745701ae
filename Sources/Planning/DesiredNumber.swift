/// The address of the vendor's API. It is a property of the token, not one of several mirrors. For ``Vendor/whatsapp``
/// it is the base URL to which the number's ID is appended.
public enum Endpoint: Hashable, Sendable {
    /// The vendor's current platform.
    case v4
    /// The vendor's previous platform.
    case legacy
    /// An operator's own URL: https, or http to a loopback address.
    case url(String)

    /// The name or URL as written in the desired-state file.
    public var text: String {
        switch self {
        case .v4: "v4"
        case .legacy: "legacy"
        case .url(let url): url
        }
    }

    /// Creates the endpoint from its ``text``; the URL is not checked.
    public init(text: String) {
        switch text {
        case "v4": self = .v4
        case "legacy": self = .legacy
        default: self = .url(text)
        }
    }

    /// The URL of requests, documented by the vendor for ``v4`` and ``legacy``.
    public var url: String {
        switch self {
        case .v4: "https://app.pickyassist.com/api/v2/two-step-verification"
        case .legacy: "https://pickyassist.com/app/api/v2/two-step-verification"
        case .url(let url): url
        }
    }
}

/// The desired setting of two-step verification.
public enum Verification: String, Hashable, Sendable, CaseIterable {
    case enabled
    case disabled
}

/// The way in which one PIN is replaced by the next.
public enum RotationMethod: String, Hashable, Sendable, CaseIterable {
    /// Disable, then enable with the new PIN: the documented way.
    case reset
    /// Enable with the new PIN while verification is on. Never exposes the number, and only works when the vendor
    /// replaces PINs.
    case replace
}

/// The desired-state file's entry for one number, with the defaults applied.
public struct DesiredNumber: Hashable, Sendable {
    public var number: PhoneNumber
    /// A short name for operators, unique in the file.
    public var label: String?
    /// The name of the token, never its value.
    public var tokenName: String
    public var vendor: Vendor
    public var endpoint: Endpoint
    /// The number's ID at the vendor; nil when the token names the number and the entry gives no ID.
    public var phoneNumberID: PhoneNumberID?
    /// The effect of a new token value, for vendors whose tokens name numbers.
    public var onNewToken: NewTokenRule
    public var verification: Verification
    /// The period of PIN rotation; nil for never.
    public var rotateEvery: Duration?
    /// The period of re-applying the desired state; nil for never.
    public var reapplyEvery: Duration?
    public var rotationMethod: RotationMethod
    /// The hours in which scheduled rotations may start; nil for any time.
    public var rotationWindow: RotationWindow?
    /// The instant at which PINs made before it are rotated; nil for none.
    public var rotateBefore: Instant?
    /// The name of an operator-owned PIN; nil when PINs are generated.
    public var operatorPINName: String?
    /// A mark of the token's value, from which the value cannot be derived; nil when the value is not known.
    public var tokenMark: String?
    /// A mark of the operator-owned PIN's value under the store's key, set by the store; nil when the value is not
    /// known.
    public var operatorPINMark: String?
    /// The time from a reveal of the PIN to its rotation; nil for no rotation.
    public var rotateAfterReveal: Duration?
    /// The token that may observe the number, and its endpoint; nil for none.
    public var observer: Observer?
    /// The period of observation; nil for never.
    public var observeEvery: Duration?

    public init(
        number: PhoneNumber, label: String? = nil, tokenName: String, vendor: Vendor = .pickyAssist,
        endpoint: Endpoint = .v4, phoneNumberID: PhoneNumberID? = nil, onNewToken: NewTokenRule = .reset,
        verification: Verification = .enabled, rotateEvery: Duration? = .seconds(90 * 86_400),
        reapplyEvery: Duration? = .seconds(86_400), rotationMethod: RotationMethod = .reset,
        rotationWindow: RotationWindow? = nil, rotateBefore: Instant? = nil, operatorPINName: String? = nil,
        tokenMark: String? = nil, operatorPINMark: String? = nil, rotateAfterReveal: Duration? = nil,
        observer: Observer? = nil, observeEvery: Duration? = .seconds(6 * 3600)
    ) {
        self.number = number
        self.label = label
        self.tokenName = tokenName
        self.vendor = vendor
        self.endpoint = endpoint
        self.phoneNumberID = phoneNumberID
        self.onNewToken = onNewToken
        self.verification = verification
        self.rotateEvery = rotateEvery
        self.reapplyEvery = reapplyEvery
        self.rotationMethod = rotationMethod
        self.rotationWindow = rotationWindow
        self.rotateBefore = rotateBefore
        self.operatorPINName = operatorPINName
        self.tokenMark = tokenMark
        self.operatorPINMark = operatorPINMark
        self.rotateAfterReveal = rotateAfterReveal
        self.observer = observer
        self.observeEvery = observeEvery
    }
}
