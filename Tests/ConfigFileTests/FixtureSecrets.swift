import ConfigFile
import Planning

/// Secrets as the fixtures whose names begin with `reference` need them.
struct FixtureSecrets: SecretLookup {
    var tokens = ["support-us": "canary-one", "support-us-copy": "canary-one", "sales-eu": "canary-two"]
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
