/// A key of a mapping, as an enumeration of all keys that the mapping may hold.
protocol FieldKey: RawRepresentable<String>, CaseIterable, Hashable {}

/// The keys of one kind of mapping, by the bytes of their names.
struct KeyNames<Key: FieldKey> {
    private let keys = Array(Key.allCases)
    private let names = Key.allCases.map { Array($0.rawValue.utf8) }

    func key(_ name: UnsafeBufferPointer<UInt8>) -> Key? {
        names.firstIndex { $0.elementsEqual(name) }.map { keys[$0] }
    }
}

/// Reads mappings and lists strictly from the events of a file, and reports each problem at its position.
///
/// Each method that reads a value starts at the value's first event and stops after its last one.
struct FieldReader {
    typealias Position = Findings.Position

    /// Text as written in the file.
    struct Scalar {
        let text: String
        let isPlain: Bool

        /// The kind of the scalar: quoted text is always text, plain text depends on its form.
        var kind: ScalarKind { isPlain ? ScalarKind(plain: text) : .text }
    }

    /// The value of a key, as far as it is kept: no file needs a collection inside a list of texts.
    enum Value {
        case scalar(Scalar)
        /// A list and its first items, at most ``FieldReader/maxItems``.
        case list([Item], count: Int)
        case mapping
        /// A value that the caller of ``FieldReader/fields(at:subject:as:elsewhere:names:nested:)`` has read.
        case nested

        var scalar: Scalar? { if case .scalar(let scalar) = self { scalar } else { nil } }

        /// The value's type in messages.
        var kind: String {
            switch self {
            case .mapping, .nested: "a mapping"
            case .list: "a list"
            case .scalar(let scalar): scalar.kind == .text ? "text" : scalar.kind.rawValue
            }
        }

        /// True when a source line may show the value. A collection is shown by its first line, which is masked.
        var isShown: Bool { scalar.map { !SecretShape.isSuspect($0.text) } ?? true }
    }

    /// An item of a list.
    struct Item {
        let position: Position
        let value: Value
    }

    /// The positions of a key and of its value.
    struct Place {
        let keyPosition: Position
        /// The position for problems with the value: the value's, or the key's when there is no value.
        let position: Position
    }

    /// One key and its value.
    struct Field {
        /// The key as written in the file.
        let name: String
        let place: Place
        let value: Value

        var keyPosition: Position { place.keyPosition }
        var position: Position { place.position }
        var scalar: Scalar? { value.scalar }
        /// True when the key has no value.
        var isNull: Bool { scalar?.kind == .null }
    }

    /// The fields of one mapping.
    struct Fields<Key: FieldKey> {
        let position: Position
        private var keys: [Key] = []
        private var fields: [Field] = []

        fileprivate init(at position: Position) {
            self.position = position
            // Room for the usual entry: moving fields costs more than the room.
            keys.reserveCapacity(8)
            fields.reserveCapacity(8)
        }

        subscript(_ key: Key) -> Field? { keys.firstIndex(of: key).map { fields[$0] } }

        fileprivate mutating func append(_ key: Key, _ field: Field) {
            keys.append(key)
            fields.append(field)
        }
    }

    /// The number of pairs or items after which the size of a collection is estimated.
    static let sample = 1000
    /// The maximum of pairs or items for which room is reserved.
    private static let maxEstimate = 1_000_000
    /// The maximum of items of a list that are kept.
    static let maxItems = 1000
    /// The maximum length of any text, in bytes.
    private static let maxText = 16_384

    let findings: Findings
    let events: YAMLEvents

    /// True when the current value is null: no text at all, or a word for null.
    var isNull: Bool { events.kind == .scalar && events.isPlain && ScalarKind(plain: events.bytes) == .null }

    /// Returns true when the file has any content. Skips a root that is null.
    func hasContent() throws(YAMLRefusal) -> Bool {
        guard events.kind != .nothing else { return false }
        guard isNull else { return true }
        try events.advance()
        return false
    }

    // MARK: - Collections

    /// Returns the fields of a mapping; nil when the current value is not a mapping. Unknown and duplicate keys are
    /// reported and left out.
    ///
    /// - Parameters:
    ///   - position: the position at which a value other than a mapping is reported.
    ///   - subject: the mapping's name in messages, such as `an entry of 'numbers'`.
    ///   - elsewhere: keys that belong in another place, with a hint for each.
    ///   - names: the names of the keys, created once for many such mappings.
    ///   - nested: called for each known key while its value is current; returns true when it has read the value.
    func fields<Key: FieldKey>(
        at position: Position, subject: String, as _: Key.Type, elsewhere: [String: String] = [:],
        names: KeyNames<Key> = KeyNames(), nested: (Key, Place) throws(YAMLRefusal) -> Bool = { _, _ in false }
    ) throws(YAMLRefusal) -> Fields<Key>? {
        guard events.kind == .mapping else {
            let value = try value()
            findings.error(
                position, "\(subject) must be a mapping of keys and values, but is \(value.kind)",
                hint: "write '\(Key.allCases.first?.rawValue ?? "key"): …'", showsSource: value.isShown)
            return nil
        }
        var fields = Fields<Key>(at: events.start)
        var unknown: [String: Int] = [:]
        try events.advance()
        while let keyPosition = try keyPosition() {
            guard let key = names.key(events.bytes) else {
                let name = scalar.text
                try events.advance()
                if let line = unknown[name] {
                    reportDuplicate(name, at: keyPosition, firstLine: line)
                } else {
                    unknown[name] = keyPosition.line
                    findings.error(
                        keyPosition, "unknown key \(VisibleText.quoted(name)) in \(subject)",
                        hint: Self.hint(for: name, among: Key.allCases.map(\.rawValue), elsewhere))
                }
                try events.skip()
                continue
            }
            try events.advance()
            let place = place(keyPosition)
            let name = key.rawValue
            if let earlier = fields[key] {
                reportDuplicate(name, at: keyPosition, firstLine: earlier.keyPosition.line)
                try events.skip()
                continue
            }
            let value = try nested(key, place) ? .nested : try value()
            fields.append(key, Field(name: name, place: place, value: value))
        }
        try events.advance()
        return fields
    }

    /// Calls `body` for each pair of the current mapping, with the value still to be read, and returns the keys.
    /// Duplicate keys are reported and left out.
    func forEachPair(
        _ body: (_ name: String, Place) throws(YAMLRefusal) -> Void
    ) throws(YAMLRefusal) -> TextSet {
        var names = LinedTexts()
        let begin = events.offset
        try events.advance()
        while let keyPosition = try keyPosition() {
            let name = scalar.text
            try events.advance()
            if let earlier = names.earlier(name, at: keyPosition) {
                reportDuplicate(name, at: keyPosition, firstLine: earlier.line)
                try events.skip()
            } else {
                if names.count == Self.sample { names.reserve(estimate(since: begin)) }
                try body(name, place(keyPosition))
            }
        }
        try events.advance()
        return names.texts
    }

    /// Returns an estimate of the number of pairs or items in a large collection, from the first ``sample`` of them, so
    /// that room is reserved at once and nothing is moved over and over.
    ///
    /// - Parameter offset: the beginning of the collection.
    func estimate(since offset: Int) -> Int {
        min(events.text.bytes.count / max(1, (events.offset - offset) / Self.sample), Self.maxEstimate)
    }

    /// Calls `body`, which reads the item, for each item of the current list.
    func forEachItem(_ body: (_ position: Position) throws(YAMLRefusal) -> Void) throws(YAMLRefusal) {
        try events.advance()
        while events.kind != .end {
            try stopWhenFull()
            try body(events.start)
        }
        try events.advance()
    }

    /// Reads the current value.
    func value() throws(YAMLRefusal) -> Value {
        switch events.kind {
        case .scalar:
            guard events.bytes.count <= Self.maxText else {
                throw YAMLRefusal(position: events.start, message: "this text is longer than 16 KiB")
            }
            let scalar = scalar
            try events.advance()
            return .scalar(scalar)
        case .list:
            var items: [Item] = []
            var count = 0
            try forEachItem { position throws(YAMLRefusal) in
                count += 1
                let value = try shallowValue()
                if items.count < Self.maxItems { items.append(Item(position: position, value: value)) }
            }
            return .list(items, count: count)
        case .mapping:
            try events.skip()
            return .mapping
        case .end, .nothing: preconditionFailure("a value begins here")
        }
    }

    /// Reads the current value, without the items of a list.
    private func shallowValue() throws(YAMLRefusal) -> Value {
        guard events.kind == .list else { return try value() }
        try events.skip()
        return .list([], count: 0)
    }

    private var scalar: Scalar {
        Scalar(text: String(decoding: events.bytes, as: UTF8.self), isPlain: events.isPlain)
    }

    /// Returns the position of the current key; nil at the end of its mapping.
    private func keyPosition() throws(YAMLRefusal) -> Position? {
        switch events.kind {
        case .scalar:
            try stopWhenFull()
            return events.start
        case .end, .nothing: return nil
        case .mapping, .list: throw try events.keyRefusal()
        }
    }

    /// Stops reading a file with very many errors; the errors so far are reported.
    private func stopWhenFull() throws(YAMLRefusal) {
        if findings.isFull { throw YAMLRefusal(position: events.start, message: "there are too many errors") }
    }

    /// Returns the place of the current value.
    private func place(_ keyPosition: Position) -> Place {
        let isAbsent = events.kind == .scalar && events.isPlain && events.bytes.isEmpty
        return Place(keyPosition: keyPosition, position: isAbsent ? keyPosition : events.start)
    }

    private func reportDuplicate(_ name: String, at position: Position, firstLine: Int) {
        findings.error(
            position, "duplicate key \(VisibleText.quoted(name)): first used on line \(firstLine)",
            hint: "keep one of the two")
    }

    /// Returns the hint for an unknown key.
    private static func hint(for name: String, among known: [String], _ elsewhere: [String: String]) -> String {
        if name.contains(":") { return "write a space after the ':'" }
        return elsewhere[name] ?? NearestName.hint(for: name, among: known)
            ?? "known keys: \(known.joined(separator: ", "))"
    }

    // MARK: - Values

    /// Returns the text of a field; reports a value of another type and returns nil.
    ///
    /// - Parameters:
    ///   - kinds: the kinds of plain scalars whose text is accepted as written.
    ///   - expectation: the expected value in messages, such as `a label`.
    ///   - showsSource: false where the value may be a secret.
    func text(
        _ field: Field, _ expectation: @autoclosure () -> String, accepting kinds: [ScalarKind] = [.text],
        hint: @autoclosure () -> String? = nil, showsSource: Bool = true
    ) -> String? {
        guard let scalar = field.scalar else {
            findings.error(
                field.position, "'\(field.name)' must be \(expectation()), but is \(field.value.kind)",
                hint: hint(), showsSource: showsSource)
            return nil
        }
        let kind = scalar.kind
        if kinds.contains(kind) { return scalar.text }
        let message =
            kind == .null
            ? "'\(field.name)' has no value: it must be \(expectation())"
            : "'\(field.name)' must be \(expectation()), but is \(kind.rawValue)"
        let advice = kind == .null ? "give it a value, or delete the key" : "put it in quotes if it is meant as text"
        findings.error(field.position, message, hint: hint() ?? advice, showsSource: showsSource)
        return nil
    }

    /// Returns a case of an enumeration; reports any other word and returns nil.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(_ field: Field, as _: Choice.Type) -> Choice? {
        var words: [String] { Choice.allCases.map(\.rawValue) }
        guard let text = text(field, Self.list(words), hint: "write \(Self.list(words))") else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let list = Self.list(words)
        findings.error(
            field.position, "'\(field.name)' must be \(list), but is \(VisibleText.quoted(text))",
            hint: NearestName.hint(for: text, among: words) ?? "write \(list)")
        return nil
    }

    /// Returns the words as `a, b or c`.
    static func list(_ words: [String]) -> String {
        guard words.count > 1, let last = words.last else { return words.joined() }
        return words.dropLast().joined(separator: ", ") + " or " + last
    }
}
