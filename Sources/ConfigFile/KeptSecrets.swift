public import Planning

/// The names of tokens and operator-owned PINs that are needed.
public struct SecretNames: Hashable, Sendable {
    public var tokens: Set<String>
    public var pins: Set<String>

    public init(tokens: Set<String> = [], pins: Set<String> = []) {
        self.tokens = tokens
        self.pins = pins
    }

    /// The names that `hooks` need; they are in force for as long as the process runs.
    public init(of hooks: [HookSettings]) {
        self.init(tokens: Set(hooks.flatMap(\.secretNames)))
    }

    public func union(_ other: SecretNames) -> SecretNames {
        SecretNames(tokens: tokens.union(other.tokens), pins: pins.union(other.pins))
    }
}

/// Tokens and PINs of earlier readings that the newest reading lacks: a file that is missing or empty for a moment must
/// not take them away from the desired state in force. It cannot print their values.
public struct KeptSecrets: Sendable {
    private var tokens: [String: Token] = [:]
    private var pins: [String: PIN] = [:]

    /// Keeps no secret.
    public init() {}

    /// Keeps the tokens and PINs in `sources` or `kept` that `newest` lacks.
    init(of sources: SecretSources, _ kept: KeptSecrets, lackedBy newest: SecretSources) {
        for name in sources.knownTokenNames where newest.lacksToken(name) {
            if let token = try? sources.token(named: name) { tokens[name] = token }
        }
        for name in sources.knownPINNames where newest.lacksPIN(name) {
            if let pin = try? sources.pin(named: name) { pins[name] = pin }
        }
        tokens.merge(kept.tokens.filter { newest.lacksToken($0.key) }) { newer, _ in newer }
        pins.merge(kept.pins.filter { newest.lacksPIN($0.key) }) { newer, _ in newer }
    }

    /// True when no secret is kept.
    public var isEmpty: Bool { tokens.isEmpty && pins.isEmpty }

    /// The names of the kept secrets.
    public var names: SecretNames { SecretNames(tokens: Set(tokens.keys), pins: Set(pins.keys)) }

    /// The values of the kept secrets. Never show one.
    public var everySecret: [String] { tokens.values.map { $0.reveal() } + pins.values.map { $0.reveal() } }

    public func token(named name: String) -> Token? { tokens[name] }

    public func pin(named name: String) -> PIN? { pins[name] }

    /// Drops the secrets that `needed` does not name.
    public mutating func drop(allBut needed: SecretNames) {
        tokens = tokens.filter { needed.tokens.contains($0.key) }
        pins = pins.filter { needed.pins.contains($0.key) }
    }
}

extension SecretSources {
    /// Returns the secrets that this reading lacks and an earlier one had.
    public func lacking(of before: SecretSources, _ kept: KeptSecrets) -> KeptSecrets {
        KeptSecrets(of: before, kept, lackedBy: self)
    }

    fileprivate func lacksToken(_ name: String) -> Bool { (try? token(named: name)) == nil }

    fileprivate func lacksPIN(_ name: String) -> Bool { (try? pin(named: name)) == nil }
}

extension KeptSecrets: CustomStringConvertible, CustomReflectable {
    public var description: String { "KeptSecrets(redacted)" }
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
