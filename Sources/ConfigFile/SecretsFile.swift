import Planning

/// The content of a `secrets.yaml`: `tokens` and `pins`, each a mapping from names to values.
struct SecretsFile: Sendable {
    private(set) var tokens: [String: Token] = [:]
    private(set) var pins: [String: PIN] = [:]

    /// No secrets.
    init() {}

    enum Key: String, FieldKey {
        case tokens
        case pins
    }

    /// The largest file, in bytes: 100,000 tokens of the longest usual kind have room many times over.
    static let largest = 64 << 20

    /// Reads bytes that came from `file`. No problem shows a line of it, or a value.
    static func read(bytes: [UInt8], file: String) -> Reading<SecretsFile> {
        ReadFile.reading(bytes, file: file, isSecret: true) { reader, _ throws(YAMLRefusal) in
            var content = SecretsFile()
            guard try reader.hasContent() else { return content }
            let top = Findings.Position(line: 1, column: 1)
            _ = try reader.fields(at: top, subject: "the file", as: Key.self) { key, place throws(YAMLRefusal) in
                guard !reader.isNull else { return false }
                switch key {
                case .tokens:
                    let expectation = "1 to \(Token.longest) printable ASCII characters"
                    content.tokens = try values(key, .token, expectation, place, reader) { Token($0) }
                case .pins:
                    content.pins = try values(key, .pin, "six digits", place, reader) { PIN(digits: $0) }
                }
                return true
            }
            return content
        }
    }

    /// The values of the mapping that begins here, by their names.
    private static func values<Secret>(
        _ key: Key, _ kind: SecretKind, _ expectation: String, _ place: FieldReader.Place, _ reader: FieldReader,
        _ make: (String) -> Secret?
    ) throws(YAMLRefusal) -> [String: Secret] {
        guard reader.events.kind == .mapping else {
            reader.findings.error(
                place.position, "'\(key.rawValue)' must be a mapping from names to values",
                hint: "write 'name: value' lines under it")
            try reader.events.skip()
            return [:]
        }
        var values: [String: Secret] = [:]
        try reader.forEachPair { name, place throws(YAMLRefusal) in
            let field = FieldReader.Field(name: name, place: place, value: try reader.value())
            guard SecretShape.isName(name), !SecretShape.looksLikeToken(name) else {
                // It may be the secret itself, so it is not quoted.
                reader.findings.error(
                    place.keyPosition, "this is no name of a \(kind.rawValue)",
                    hint: "a name has up to 64 letters, digits, '.', '_' and '-'")
                return
            }
            // A PIN or token of digits is a whole number to YAML; its text is exact all the same.
            guard let text = reader.text(field, "a \(kind.rawValue)", accepting: [.text, .integer, .number]) else {
                return
            }
            guard let secret = make(SecretSources.trimmed(text)) else {
                reader.findings.error(place.position, "the \(kind.rawValue) '\(name)' must be \(expectation)")
                return
            }
            values[name] = secret
        }
        return values
    }
}
