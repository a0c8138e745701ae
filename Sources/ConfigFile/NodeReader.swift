import Yams

/// A key of a mapping, as an enumeration of all that may stand there.
protocol FieldKey: RawRepresentable<String>, CaseIterable, Hashable {}

/// Reads nodes strictly and says what is wrong with each.
struct NodeReader {
    typealias Position = Findings.Position

    /// One key and its value.
    struct Field {
        /// The key as it stands in the file.
        let name: String
        let keyPosition: Position
        let node: Node
        /// Where the value stands, when its node does not know.
        var valuePosition: Position?

        /// Where a problem with the value is shown: at the value, or at the key when there is none.
        var position: Position {
            if let valuePosition { return valuePosition }
            guard let mark = node.mark else { return keyPosition }
            if let scalar = node.scalar, scalar.style == .plain, scalar.string.isEmpty { return keyPosition }
            return Position(mark)
        }

        /// Whether the key stands there without a value.
        var isNull: Bool { node.scalar.map { ScalarKind($0) == .null } ?? false }
    }

    /// The fields of one mapping.
    struct Fields<Key: FieldKey> {
        let position: Position
        fileprivate(set) var entries: [(key: Key, field: Field)] = []

        subscript(_ key: Key) -> Field? {
            for entry in entries where entry.key == key { return entry.field }
            return nil
        }
    }

    let findings: Findings
    let document: YAMLDocument

    /// The fields of the mapping `node`; nil when it is none. Unknown and duplicate keys are reported and left out.
    ///
    /// - Parameter subject: what the mapping is, for messages, such as `an entry of 'numbers'`.
    /// - Parameter elsewhere: keys that belong somewhere else, and where.
    func fields<Key: FieldKey>(
        of node: Node, at position: Position, subject: String, as _: Key.Type, elsewhere: [String: String] = [:]
    ) -> Fields<Key>? {
        guard case .mapping(let mapping) = node else {
            findings.error(
                position, "\(subject) must be a mapping of keys and values, and this is \(kind(of: node))",
                hint: "write '\(Key.allCases.first?.rawValue ?? "key"): …'", showsSource: isShown(node))
            return nil
        }
        var fields = Fields<Key>(position: node.mark.map { Position($0) } ?? position)
        for index in mapping.indices {
            let (keyNode, value) = mapping[index]
            guard let field = field(keyNode, value, in: subject, at: position) else { continue }
            if let key = Key(rawValue: field.name) {
                fields.entries.append((key, field))
            } else {
                reportUnknown(field, in: subject, known: Key.allCases.map(\.rawValue), elsewhere: elsewhere)
            }
        }
        return fields
    }

    /// The key and value of one pair; nil after a duplicate or a key that is no text.
    func field(_ key: Node, _ value: Node, in subject: String, at position: Position) -> Field? {
        let place = key.mark.map { Position($0) } ?? position
        if !document.duplicates.isEmpty, let duplicate = document.duplicates[place] {
            YAMLDocument.reportDuplicate(duplicate, at: place, to: findings)
            return nil
        }
        guard case .scalar(let scalar) = key else {
            findings.error(place, "a key in \(subject) must be text, and this is \(kind(of: key))")
            return nil
        }
        return Field(name: scalar.string, keyPosition: place, node: value)
    }

    private func reportUnknown(_ field: Field, in subject: String, known: [String], elsewhere: [String: String]) {
        let separator = field.name.contains(":") ? "write a space behind the ':'" : nil
        let hint =
            separator ?? elsewhere[field.name] ?? NearestName.hint(for: field.name, among: known)
            ?? "known are: \(known.joined(separator: ", "))"
        findings.error(
            field.keyPosition, "unknown key \(VisibleText.quoted(field.name)) in \(subject)", hint: hint)
    }

    /// The text of a field; nil after reporting another type.
    ///
    /// - Parameters:
    ///   - kinds: the kinds of plain scalars that are taken as they are written.
    ///   - expectation: what the value should be, for messages, such as `a label`.
    ///   - showsSource: false where the value may be a secret.
    func text(
        _ field: Field, _ expectation: String, accepting kinds: [ScalarKind] = [.text], hint: String? = nil,
        showsSource: Bool = true
    ) -> String? {
        guard case .scalar(let scalar) = field.node else {
            findings.error(
                field.position, "'\(field.name)' must be \(expectation), and this is \(kind(of: field.node))",
                hint: hint, showsSource: showsSource && isShown(field.node))
            return nil
        }
        let kind = ScalarKind(scalar)
        if kinds.contains(kind) { return scalar.string }
        let message =
            kind == .null
            ? "'\(field.name)' has no value: it must be \(expectation)"
            : "'\(field.name)' must be \(expectation), and this is \(kind.rawValue)"
        let advice = kind == .null ? "give it a value, or delete the key" : "put it in quotes if it is meant as text"
        findings.error(field.position, message, hint: hint ?? advice, showsSource: showsSource)
        return nil
    }

    /// One of the words of an enumeration.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(_ field: Field, as _: Choice.Type) -> Choice? {
        let words = Choice.allCases.map(\.rawValue)
        let list = Self.list(words)
        guard let text = text(field, list, hint: "write \(list)") else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        findings.error(
            field.position, "'\(field.name)' must be \(list), and this is \(VisibleText.quoted(text))",
            hint: NearestName.hint(for: text, among: words) ?? "write \(list)")
        return nil
    }

    /// What a node is, for messages.
    func kind(of node: Node) -> String {
        switch node {
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        case .scalar(let scalar):
            switch ScalarKind(scalar) {
            case .text: "text"
            case let kind: kind.rawValue
            }
        }
    }

    /// A collection is shown by the line it begins on, whose text is not known here; the mask takes care of it.
    private func isShown(_ node: Node) -> Bool {
        guard case .scalar(let scalar) = node else { return true }
        return !SecretShape.isSuspect(scalar.string)
    }

    /// `a, b or c`.
    static func list(_ words: [String]) -> String {
        guard words.count > 1, let last = words.last else { return words.joined() }
        return words.dropLast().joined(separator: ", ") + " or " + last
    }
}
