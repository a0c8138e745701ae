import Planning

/// The content of a `secrets.yaml`: `tokens` and `pins`, each a mapping from names to values.
struct SecretsFile: Sendable {
    private(set) var tokens = SecretTable()
    private(set) var pins: [String: PIN] = [:]

    /// Creates a file without secrets.
    init() {}

    enum Key: String, FieldKey {
        case tokens
        case pins
    }

    /// The maximum size of a file, in bytes, with ample room for 100,000 tokens of the longest usual kind.
    static let largest = 64 << 20

    /// Reads bytes that came from `file`. No problem shows a line of the file, or a value.
    static func read(bytes: [UInt8], file: String) -> Reading<SecretsFile> {
        ReadFile.reading(bytes, file: file, isSecret: true) { reader, _ throws(YAMLRefusal) in
            var content = SecretsFile()
            guard try reader.hasContent() else { return content }
            let top = Findings.Position(line: 1, column: 1)
            _ = try reader.fields(at: top, subject: "the file", as: Key.self) { key, place throws(YAMLRefusal) in
                guard !reader.isNull else { return false }
                switch key {
                case .tokens:
                    let expectation = "1 to \(Token.maxLength) printable ASCII characters"
                    var values = TextBlock()
                    let names = try readValues(key, .token, expectation, place, reader) { text in
                        guard Token(text) != nil else { return false }
                        values.append(text)
                        return true
                    }
                    content.tokens = SecretTable(names: names, values: values)
                case .pins:
                    var values: [PIN] = []
                    let names = try readValues(key, .pin, "six digits", place, reader) { text in
                        guard let pin = PIN(digits: text) else { return false }
                        values.append(pin)
                        return true
                    }
                    content.pins = Dictionary(uniqueKeysWithValues: zip(names.all, values))
                }
                return true
            }
            return content
        }
    }

    /// Reads the mapping that begins here, and returns its names.
    ///
    /// - Parameter take: keeps the value of the next name; returns false when the value is invalid.
    private static func readValues(
        _ key: Key, _ kind: SecretKind, _ expectation: String, _ place: FieldReader.Place, _ reader: FieldReader,
        _ take: (String) -> Bool
    ) throws(YAMLRefusal) -> TextSet {
        guard reader.events.kind == .mapping else {
            reader.findings.error(
                place.position, "'\(key.rawValue)' must be a mapping from names to values",
                hint: "write 'name: value' lines under it")
            try reader.events.skip()
            return TextSet()
        }
        return try reader.forEachPair { name, place throws(YAMLRefusal) in
            let field = FieldReader.Field(name: name, place: place, value: try reader.value())
            guard SecretShape.isName(name), !SecretShape.looksLikeToken(name) else {
                // The name may be the secret itself, so it is not quoted.
                reader.findings.error(
                    place.keyPosition, "this is not the name of a \(kind.rawValue)",
                    hint: "a name has up to 64 letters, digits, '.', '_' and '-'")
                return
            }
            // A PIN or token of digits is a whole number to YAML, but its text is exact.
            guard let text = reader.text(field, "a \(kind.rawValue)", accepting: [.text, .integer, .number]) else {
                return
            }
            if !take(SecretSources.trimmed(text)) {
                reader.findings.error(place.position, "the \(kind.rawValue) '\(name)' must be \(expectation)")
            }
        }
    }
}
