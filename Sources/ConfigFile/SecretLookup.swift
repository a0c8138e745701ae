public import Planning

/// A source of tokens and operator-owned PINs, which are looked up by name.
public protocol SecretLookup: Sendable {
    /// Returns the token of this name.
    func token(named name: String) throws(SecretError) -> Token
    /// Returns the operator-owned PIN of this name.
    func pin(named name: String) throws(SecretError) -> PIN
    /// True when this machine has any source of secrets.
    var isAvailable: Bool { get }
    /// The searched places, for messages.
    var searched: String { get }
    /// The names of tokens that are known to exist, for suggestions; possibly incomplete.
    var knownTokenNames: [String] { get }
    /// The names of PINs that are known to exist, for suggestions; possibly incomplete.
    var knownPINNames: [String] { get }
}

/// The strictness with which the names of tokens and PINs in a desired state are looked up.
public enum ReferenceCheck: Hashable, Sendable {
    /// Names are not looked up.
    case none
    /// A name that cannot be resolved is an error; when this machine has no source of secrets, there is one warning.
    case warnIfNoSource
    /// A name that cannot be resolved is an error, whatever the reason.
    case required
}

/// The kind of a secret: a token or a PIN.
public enum SecretKind: String, Hashable, Sendable {
    case token
    case pin = "PIN"
}

/// The reason why a secret is not available. It never holds the secret.
public enum SecretError: Error, Hashable, Sendable, CustomStringConvertible {
    /// No source has it.
    case notFound(SecretKind, name: String, searched: String)
    /// A source has it, but it is not a valid token or PIN.
    case invalid(SecretKind, name: String, origin: String, reason: String)
    /// A source may have it, but cannot be read.
    case unreadable(name: String, origin: String, reason: String)
    /// The name is not a legal name.
    case invalidName(SecretKind)

    public var description: String {
        switch self {
        case .notFound(let kind, let name, let searched):
            "there is no \(kind.rawValue) named '\(name)': looked in \(searched)"
        case .invalid(let kind, let name, let origin, let reason):
            "the \(kind.rawValue) '\(name)' in \(origin) cannot be used: \(reason)"
        case .unreadable(let name, let origin, let reason):
            "'\(name)' cannot be read from \(origin): \(reason)"
        case .invalidName(let kind):
            "this is not the name of a \(kind.rawValue): a name has up to 64 letters, digits, '.', '_' and '-'"
        }
    }
}
