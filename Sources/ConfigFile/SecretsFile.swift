import Planning
import Yams

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
        readTape(bytes: bytes, file: file) ?? readNodes(bytes: bytes, file: file)
    }

    /// Reads a file in which everything is right; nil when the parser has to look at it.
    static func readTape(bytes: [UInt8], file: String) -> Reading<SecretsFile>? {
        ReadFile.fast(bytes, file: file, showsSource: false) { text, _ in
            SecretsFile(text)
        } value: { content, _ in
            content
        }
    }

    /// Reads what may be wrong, or written in a way that is seldom seen: it knows the words for every problem.
    static func readNodes(bytes: [UInt8], file: String) -> Reading<SecretsFile> {
        ReadFile.reading(bytes, file: file, showsSource: false) { reader, _ in
            var content = SecretsFile()
            let top = Findings.Position(line: 1, column: 1)
            guard let root = reader.document.root, root.scalar.map({ ScalarKind($0) != .null }) ?? true,
                let fields = reader.fields(of: root, at: top, subject: "the file", as: Key.self)
            else { return content }
            if let field = fields[.tokens], !field.isNull {
                forEachName(field, .token, reader) { name, text, position in
                    guard let token = Token(text) else {
                        reader.findings.error(
                            position, "the token '\(name)' must be 1 to \(Token.longest) printable ASCII characters")
                        return
                    }
                    content.tokens[name] = token
                }
            }
            if let field = fields[.pins], !field.isNull {
                forEachName(field, .pin, reader) { name, text, position in
                    guard let pin = PIN(digits: text) else {
                        reader.findings.error(position, "the PIN '\(name)' must be six digits")
                        return
                    }
                    content.pins[name] = pin
                }
            }
            return content
        }
    }

    /// What a tape says, when everything in it is right.
    private init?(_ text: TapeText) {
        guard let keys = text.keys(of: 0) else { return nil }
        var seen: Set<Key> = []
        for key in keys {
            guard let name = text.string(key).flatMap(Key.init), seen.insert(name).inserted else { return nil }
            switch name {
            case .tokens:
                guard let tokens = Self.values(text, of: key + 1, { Token($0) }) else { return nil }
                self.tokens = tokens
            case .pins:
                guard let pins = Self.values(text, of: key + 1, { PIN(digits: $0) }) else { return nil }
                self.pins = pins
            }
        }
    }

    /// The values of the mapping at `index` by their names; nil when one of them is not as it must be.
    private static func values<Secret>(
        _ text: TapeText, of index: Int, _ make: (String) -> Secret?
    ) -> [String: Secret]? {
        guard let keys = text.keys(of: index) else { return nil }
        var values = [String: Secret](minimumCapacity: keys.count)
        for key in keys {
            guard text.tokens[key + 1].kind == .scalar, let name = text.string(key), SecretShape.isName(name),
                !SecretShape.looksLikeToken(name)
            else { return nil }
            switch text.kind(key + 1) {
            case .null, .boolean: return nil
            case .text, .integer, .number: break
            }
            guard let secret = text.string(key + 1).flatMap({ make(SecretSources.trimmed($0)) }),
                values.updateValue(secret, forKey: name) == nil
            else { return nil }
        }
        return values
    }

    private static func forEachName(
        _ field: NodeReader.Field, _ kind: SecretKind, _ reader: NodeReader,
        _ body: (_ name: String, _ text: String, _ position: Findings.Position) -> Void
    ) {
        guard case .mapping(let mapping) = field.node else {
            reader.findings.error(
                field.position, "'\(field.name)' must be a mapping from names to values",
                hint: "write 'name: value' lines under it")
            return
        }
        for index in mapping.indices {
            let (key, value) = mapping[index]
            guard let entry = reader.field(key, value, in: "'\(field.name)'", at: field.position) else { continue }
            guard SecretShape.isName(entry.name), !SecretShape.looksLikeToken(entry.name) else {
                // What stands here may be the secret itself, so it is not quoted.
                reader.findings.error(
                    entry.keyPosition, "this is no name of a \(kind.rawValue)",
                    hint: "a name has up to 64 letters, digits, '.', '_' and '-'")
                continue
            }
            // A PIN or token of digits is a whole number to YAML; its text is exact all the same.
            guard let text = reader.text(entry, "a \(kind.rawValue)", accepting: [.text, .integer, .number]) else {
                continue
            }
            body(entry.name, SecretSources.trimmed(text), entry.position)
        }
    }
}
