import ConfigFile
import Planning
import Synchronization

/// The secrets for the fixtures whose names contain `reference`.
struct FixtureSecrets: SecretLookup {
    var tokens = [
        "support-us": "canary-one", "support-us-copy": "canary-one", "sales-eu": "canary-two",
        "sales-eu-copy": "canary-two",
    ]
    var pins = ["support-known": "907856"]
    var isAvailable = true
    let searched = "the fixture"

    var knownTokenNames: [String] { tokens.keys.sorted() }
    var knownPINNames: [String] { pins.keys.sorted() }

    func token(named name: String) throws(SecretError) -> Token {
        if name == "unreadable" { throw .unreadable(name: name, origin: "/secret", reason: "Permission denied") }
        guard let token = tokens[name].flatMap(Token.init) else {
            throw .notFound(.token, name: name, searched: searched)
        }
        return token
    }

    func pin(named name: String) throws(SecretError) -> PIN {
        guard let pin = pins[name].flatMap({ PIN(digits: $0) }) else {
            throw .notFound(.pin, name: name, searched: searched)
        }
        return pin
    }
}

/// Secrets with a token of every name, which record the requested names.
final class CountingSecrets: SecretLookup {
    private let asked = Mutex<[String]>([])
    let isAvailable = true
    let searched = "the fixture"
    let knownTokenNames: [String] = []
    let knownPINNames: [String] = []
    /// The names of requested tokens, in order.
    var lookups: [String] { asked.withLock { $0 } }

    func token(named name: String) throws(SecretError) -> Token {
        asked.withLock { $0.append(name) }
        guard let token = Token("value-of-" + name) else { throw .invalidName(.token) }
        return token
    }

    func pin(named name: String) throws(SecretError) -> PIN {
        throw .notFound(.pin, name: name, searched: searched)
    }
}
