import Planning
import Yams

/// Reads a desired state from a tape, entry by entry, with the rules of ``DesiredStateWalk``.
///
/// It takes files in which everything is right. At the first doubt it gives up, without a word: the walk over the
/// parser's nodes then finds the problem again, and where it stands. Warnings it gives as the walk does.
struct TapeWalk {
    typealias Position = Findings.Position

    private let text: TapeText
    private let walk: DesiredStateWalk
    /// The value of each key of the entry at hand, by the key's place; 0 where it has none.
    private var values = [Int](repeating: 0, count: entryKeys.count)
    /// What was chosen before for each key, most of which is chosen by many entries.
    private var known = [[(source: Range<Int>, choices: DesiredStateWalk.Choices)]](
        repeating: [], count: DefaultKey.allCases.count)
    /// A place whose column was counted, from which the next one is counted on.
    private var counted = (line: 0, byte: 0, column: 1)

    /// How many choices of one key are remembered.
    private static let mostKnown = 8
    private static let entryKeys = EntryKey.allCases.map { Array($0.rawValue.utf8) }
    private static let defaultKeys = DefaultKey.allCases.map { ($0, Array($0.rawValue.utf8)) }
    private static let rootKeys = RootKey.allCases.map { ($0, Array($0.rawValue.utf8)) }

    init(_ text: TapeText, _ walk: DesiredStateWalk) {
        self.text = text
        self.walk = walk
    }

    /// The numbers of the file; nil when there is anything that the parser has to look at.
    mutating func numbers() -> [DesiredNumber]? {
        guard let root = fields(of: 0, Self.rootKeys), let version = root[.version], let numbers = root[.numbers],
            text.tokens[version].kind == .scalar, text.kind(version) == .integer, text.string(version) == "1"
        else { return nil }
        if let defaults = root[.defaults] {
            guard let fields = fields(of: defaults, Self.defaultKeys) else { return nil }
            for key in fields.values where text.tokens[key].kind != .scalar { return nil }
            let nodes = fields.compactMapValues(field)
            guard nodes.count == fields.count else { return nil }
            walk.defaults = walk.choices { nodes[$0] }
        }
        walk.references.begin(at: position(numbers - 1))
        return walk.findings.hasErrors ? nil : entries(of: numbers)
    }

    private mutating func entries(of list: Int) -> [DesiredNumber]? {
        let isBlock = text.tokens[list].kind == .blockSequence
        guard isBlock || text.tokens[list].kind == .flowSequence else { return nil }
        // Each entry is one mapping.
        let count = text.tokens.count { $0.kind == .mapping }
        var numbers: [DesiredNumber] = []
        numbers.reserveCapacity(count)
        walk.uniqueness.reserve(count)
        var next = list + 1
        while text.tokens[next].kind != .end {
            if isBlock {
                guard text.tokens[next].kind == .item else { return nil }
                next += 1
            }
            guard let number = entry(&next), !walk.findings.hasErrors else { return nil }
            numbers.append(number)
        }
        return numbers.isEmpty ? nil : numbers
    }

    // MARK: - One entry

    /// Reads the entry at `index`, which then is behind it.
    private mutating func entry(_ index: inout Int) -> DesiredNumber? {
        let begin = index
        guard text.tokens[index].kind == .mapping else { return nil }
        for slot in values.indices { values[slot] = 0 }
        index += 1
        while text.tokens[index].kind == .key {
            guard text.tokens[index + 1].kind == .scalar,
                let slot = Self.entryKeys.firstIndex(where: { text.says(index, $0) }), values[slot] == 0
            else { return nil }
            values[slot] = index + 1
            index += 2
        }
        guard text.tokens[index].kind == .end else { return nil }
        index += 1
        guard let number = phoneNumber() else { return nil }
        guard let token = token(), let label = label() else { return nil }
        var desired: DesiredNumber? = DesiredNumber(
            number: number, label: label.text, tokenName: token.name, tokenMark: token.mark)
        if value(.pin) > 0 {
            // Places of an entry are counted from its beginning, so that no line is counted over and over.
            count(from: begin)
            guard let pin = pin() else { return nil }
            desired?.operatorPINName = pin
        }
        if value(.rotateBefore) > 0 {
            guard let before = plainText(.rotateBefore).flatMap({ Instant($0) }) else { return nil }
            desired?.rotateBefore = before
        }
        guard let own = choices(from: begin) else { return nil }
        if desired?.operatorPINName != nil {
            for key in DesiredStateWalk.ignoredBesidePIN where value(key) > 0 {
                walk.warnAboutIgnored(key, at: position(value(key) - 1))
            }
        }
        walk.take(own, into: &desired)
        return desired
    }

    private func phoneNumber() -> PhoneNumber? {
        let index = value(.number)
        // In quotes it is text and without them a whole number: both are taken.
        guard index > 0, let number = text.string(index).flatMap({ PhoneNumber($0) }),
            walk.uniqueness.earlierLine(ofNumber: number, at: line(index)) == nil
        else { return nil }
        return number
    }

    private func token() -> (name: String, mark: String?)? {
        guard let name = name(.token), walk.uniqueness.earlierLine(ofTokenName: name, at: line(value(.token))) == nil
        else { return nil }
        guard let token = walk.references.token(name, at: line(value(.token))) else { return (name, nil) }
        guard walk.uniqueness.earlierName(ofToken: token, name: name, at: line(value(.token))) == nil else {
            return nil
        }
        return (name, walk.mark?(token))
    }

    /// The label, or none; nil for one that is not as it must be.
    private func label() -> (text: String?, Void)? {
        guard value(.label) > 0 else { return (nil, ()) }
        guard let label = plainText(.label), DesiredStateWalk.isLabel(label),
            walk.uniqueness.earlierLine(ofLabel: label, at: line(value(.label))) == nil
        else { return nil }
        return (label, ())
    }

    private func pin() -> String? {
        guard let name = name(.pin), !SecretShape.isPIN(name) else { return nil }
        walk.references.checkPIN(name, at: position(value(.pin)))
        return name
    }

    /// The name of a token or a PIN.
    private func name(_ key: EntryKey) -> String? {
        guard let name = plainText(key), SecretShape.isName(name), !SecretShape.looksLikeToken(name) else { return nil }
        return name
    }

    private func plainText(_ key: EntryKey) -> String? {
        let index = value(key)
        guard index > 0, text.kind(index) == .text else { return nil }
        return text.string(index)
    }

    // MARK: - Choices

    /// What the entry that begins at `begin` chooses instead of the defaults.
    private mutating func choices(from begin: Int) -> DesiredStateWalk.Choices? {
        var own = DesiredStateWalk.Choices()
        for (position, (key, _)) in Self.defaultKeys.enumerated() where value(key.inEntry) > 0 {
            guard let chosen = choice(key, position, begin) else { return nil }
            switch key {
            case .endpoint: own.endpoint = chosen.endpoint
            case .verification: own.verification = chosen.verification
            case .rotateEvery: own.rotateEvery = chosen.rotateEvery
            case .reapplyEvery: own.reapplyEvery = chosen.reapplyEvery
            case .rotationMethod: own.rotationMethod = chosen.rotationMethod
            case .rotationWindow: own.rotationWindow = chosen.rotationWindow
            case .rotateAfterReveal: own.rotateAfterReveal = chosen.rotateAfterReveal
            }
        }
        return own
    }

    private mutating func choice(_ key: DefaultKey, _ position: Int, _ begin: Int) -> DesiredStateWalk.Choices? {
        let value = value(key.inEntry)
        let token = text.tokens[value]
        // With its quotes: the same word with and without them may be two kinds of value.
        let source = token.first..<Int(token.end)
        let bytes = text.bytes
        if let same = known[position].first(where: {
            $0.source.count == source.count && bytes[$0.source].elementsEqual(bytes[source])
        }) {
            return same.choices
        }
        count(from: begin)
        guard let field = field(value) else { return nil }
        let chosen = walk.choices { $0 == key ? field : nil }
        guard !walk.findings.hasErrors else { return nil }
        // What is warned of is warned of at every place.
        if let period = chosen.rotateEvery, DesiredStateWalk.isLong(period) { return chosen }
        if known[position].count == Self.mostKnown { known[position].removeFirst() }
        known[position].append((source, chosen))
        return chosen
    }

    /// The field whose value is at `index`, as the parser would give it.
    private func field(_ index: Int) -> NodeReader.Field? {
        guard let name = text.string(index - 1), let value = text.string(index) else { return nil }
        let style: Node.Scalar.Style = text.tokens[index].style == .plain ? .plain : .doubleQuoted
        let keyPosition = position(index - 1)
        return NodeReader.Field(
            name: name, keyPosition: keyPosition, node: .scalar(Node.Scalar(value, .implicit, style)),
            valuePosition: position(index))
    }

    // MARK: - Helpers

    /// The values of the mapping at `index` by their keys; nil for a key that is unknown or stands there twice.
    private func fields<Key: Hashable>(of index: Int, _ known: [(Key, [UInt8])]) -> [Key: Int]? {
        guard let keys = text.keys(of: index) else { return nil }
        var fields: [Key: Int] = [:]
        for key in keys {
            guard let name = known.first(where: { text.says(key, $0.1) })?.0,
                fields.updateValue(key + 1, forKey: name) == nil
            else { return nil }
        }
        return fields
    }

    private func value(_ key: EntryKey) -> Int { values[key.place] }

    /// Where a token is as long as nothing is reported there: what is, is reported by the walk over the nodes.
    private func line(_ index: Int) -> Position { Position(line: Int(text.tokens[index].line), column: 0) }

    /// Where a token begins.
    private func position(_ index: Int) -> Position {
        let token = text.tokens[index]
        let (line, byte) = (Int(token.line), token.first)
        var (start, column) = (counted.byte, counted.column)
        if counted.line != line || counted.byte > byte {
            start = (text.bytes[..<byte].lastIndex(of: Byte.newline) ?? -1) + 1
            column = 1
        }
        column += text.bytes[start..<byte].count { $0 & 0xC0 != 0x80 }
        return Position(line: line, column: column)
    }

    /// Remembers where the token at `index` begins, from which what follows is counted.
    private mutating func count(from index: Int) {
        let token = text.tokens[index]
        guard counted.line != Int(token.line) || counted.byte != token.first else { return }
        counted = (Int(token.line), token.first, position(index).column)
    }
}

extension EntryKey {
    /// The key's place among all cases.
    fileprivate var place: Int {
        switch self {
        case .number: 0
        case .label: 1
        case .token: 2
        case .pin: 3
        case .endpoint: 4
        case .verification: 5
        case .rotateEvery: 6
        case .reapplyEvery: 7
        case .rotationMethod: 8
        case .rotationWindow: 9
        case .rotateBefore: 10
        case .rotateAfterReveal: 11
        }
    }
}
