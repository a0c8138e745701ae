public import Planning

/// Where tokens and operator-owned PINs are found by name.
public protocol SecretLookup: Sendable {
    /// The token of this name.
    func token(named name: String) throws(SecretError) -> Token
    /// The operator-owned PIN of this name.
    func pin(named name: String) throws(SecretError) -> PIN
    /// Whether there is any source at all on this machine.
    var isAvailable: Bool { get }
    /// The places that are looked at, for messages.
    var searched: String { get }
    /// The names of tokens that are known to exist, for suggestions. It may leave some out.
    var knownTokenNames: [String] { get }
    /// The names of PINs that are known to exist, for suggestions. It may leave some out.
    var knownPINNames: [String] { get }
}

/// How strictly the names of tokens and PINs in a desired state are followed.
public enum ReferenceCheck: Hashable, Sendable {
    /// Not at all.
    case none
    /// A name that cannot be resolved is an error; when this machine has no source of secrets, that is one warning.
    case warnIfNoSource
    /// A name that cannot be resolved is an error, whatever the reason.
    case required
}

/// Whether a secret is a token or a PIN.
public enum SecretKind: String, Hashable, Sendable {
    case token
    case pin = "PIN"
}

/// Why a secret could not be had. It never holds the secret.
public enum SecretError: Error, Hashable, Sendable, CustomStringConvertible {
    /// No source has it.
    case notFound(SecretKind, name: String, searched: String)
    /// A source has it, and it is no valid token or PIN.
    case invalid(SecretKind, name: String, origin: String, reason: String)
    /// A source may have it and cannot be read.
    case unreadable(name: String, origin: String, reason: String)
    /// The name is none.
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
            "this is no name of a \(kind.rawValue): a name has up to 64 letters, digits, '.', '_' and '-'"
        }
    }
}
