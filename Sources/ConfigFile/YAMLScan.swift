/// Walks the bytes of a YAML file once, before anything recursive touches them, and stops at the first construct that
/// the project's files never need.
///
/// The files use a small part of YAML: one document of mappings, lists and text on one line. The scan admits exactly
/// that part and follows the same rules as the parser behind it, so that it knows the true depth of nesting. Anchors,
/// aliases, tags, directives, block text, text over several lines and tabs are refused where they stand. What remains
/// cannot expand, cannot nest deeper than ``deepest``, and is refused with a better message than a grammar's.
struct YAMLScan {
    /// How deep mappings and lists may nest.
    static let deepest = 32

    /// Where the scan stopped, and why.
    struct Refusal: Error {
        let position: Findings.Position
        let message: String
        var hint: String?
    }

    /// A key that its mapping already has.
    struct DuplicateKey {
        /// The second occurrence.
        let position: Findings.Position
        /// Its bytes, without quotes.
        let range: Range<Int>
        let firstLine: Int
    }

    enum Kind {
        case blockSequence
        case blockMapping
        case flowSequence
        case flowMapping
    }

    /// One open mapping or list.
    struct Level {
        let kind: Kind
        /// Columns from 0; meaningful for block collections only.
        let column: Int
        let position: Findings.Position
        /// The keys so far and their lines, when they are collected.
        var keys: [String: Int] = [:]
    }

    /// A comment, from its `#` to the end of its line without blanks there.
    struct Comment: Equatable {
        let line: Int
        /// From 1; true for a comment on a line of its own, which has only spaces before it.
        let column: Int
        /// Whether nothing but spaces stands before it.
        let isAlone: Bool
        let text: String
    }

    let bytes: UnsafeBufferPointer<UInt8>
    let collectsKeys: Bool
    var collectsComments = false
    var comments: [Comment] = []
    /// The lines on which an item of a block list begins, when comments are collected.
    var itemLines: [Int] = []
    /// What the text consists of, when it is recorded.
    var tape: YAMLTape?
    var index = 0
    var line = 1
    var lineStart = 0
    var levels: [Level] = []
    /// How many of the open levels are flow collections; they are the last ones.
    var flowDepth = 0
    /// Whether the last token completed a value, so that no other value may follow it directly.
    var isComplete = false
    /// The scalar just read, when it may still turn out to be a key.
    var lastScalar: (range: Range<Int>, position: Findings.Position)?
    /// Whether a list or a mapping may begin at this token: the first of its line, or right behind a `-`.
    var isLineStart = false
    var hasContent = false
    var hasDocumentStart = false
    var hasDocumentEnd = false
    var duplicates: [DuplicateKey] = []
    private var counted = (line: 0, byte: 0, characters: 0)

    private init(_ bytes: UnsafeBufferPointer<UInt8>, collectsKeys: Bool) {
        self.bytes = bytes
        self.collectsKeys = collectsKeys
    }

    /// Scans valid UTF-8 and returns nil when the parser may have it.
    static func refusal(of bytes: [UInt8]) -> Refusal? {
        bytes.withUnsafeBufferPointer { buffer in
            if let refusal = CharacterScan.refusal(of: buffer) { return refusal }
            var scan = YAMLScan(buffer, collectsKeys: false)
            do throws(Refusal) {
                try scan.run()
                return nil
            } catch {
                return error
            }
        }
    }

    /// The duplicate keys of a text that ``refusal(of:)`` admitted.
    static func duplicateKeys(in bytes: [UInt8]) -> [DuplicateKey] {
        bytes.withUnsafeBufferPointer { buffer in
            var scan = YAMLScan(buffer, collectsKeys: true)
            do throws(Refusal) {
                try scan.run()
            } catch {
                preconditionFailure("the text was admitted before")
            }
            return scan.duplicates
        }
    }

    /// The comments of a text that ``refusal(of:)`` admitted, and the lines on which an item of a block list begins.
    static func comments(in bytes: [UInt8]) -> (comments: [Comment], itemLines: [Int]) {
        bytes.withUnsafeBufferPointer { buffer in
            var scan = YAMLScan(buffer, collectsKeys: false)
            scan.collectsComments = true
            do throws(Refusal) {
                try scan.run()
            } catch {
                preconditionFailure("the text was admitted before")
            }
            return (scan.comments, scan.itemLines)
        }
    }

    /// What a valid UTF-8 text consists of; nil when it has something that only the parser and its messages can judge.
    static func tape(of bytes: UnsafeBufferPointer<UInt8>) -> YAMLTape? {
        guard bytes.count <= YAMLTape.longestText, CharacterScan.refusal(of: bytes) == nil else { return nil }
        var scan = YAMLScan(bytes, collectsKeys: false)
        scan.tape = YAMLTape()
        do throws(Refusal) {
            try scan.run()
        } catch {
            // The same refusal is found again by whoever reports it.
            return nil
        }
        return scan.tape.flatMap { $0.isDoubtful ? nil : $0 }
    }

    private mutating func run() throws(Refusal) {
        while index < bytes.count {
            if flowDepth == 0 { try beginBlockLine() } else { try beginFlowLine() }
            try scanTokens()
            endLine()
        }
        if flowDepth > 0, let level = levels.last {
            let bracket = level.kind == .flowSequence ? "[" : "{"
            throw Refusal(
                position: level.position, message: "this '\(bracket)' is never closed: the file ends inside it",
                hint: "was the file written only in part?")
        }
        while !levels.isEmpty { close() }
    }

    /// Reads tokens to the end of the line. Each step consumes at least one byte.
    private mutating func scanTokens() throws(Refusal) {
        while let byte = try nextTokenByte() {
            if flowDepth == 0 { try scanBlockToken(byte) } else { try scanFlowToken(byte) }
        }
    }

    /// Skips spaces; nil at the end of the line and at a comment, which is skipped too.
    private mutating func nextTokenByte() throws(Refusal) -> UInt8? {
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case Byte.space: index += 1
            case Byte.tab:
                throw refusal("a tab stands here", hint: "use spaces: YAML does not allow tabs between words")
            case Byte.newline: return nil
            case Byte.carriageReturn: return nil
            case Byte.hash:
                let start = index
                while index < bytes.count, bytes[index] != Byte.newline { index += 1 }
                if collectsComments { noteComment(start..<index) }
                return nil
            default: return byte
            }
        }
        return nil
    }

    private mutating func noteComment(_ range: Range<Int>) {
        var end = range.upperBound
        while end > range.lowerBound, [Byte.space, Byte.tab, Byte.carriageReturn].contains(bytes[end - 1]) { end -= 1 }
        comments.append(
            Comment(
                line: line, column: range.lowerBound - lineStart + 1,
                isAlone: bytes[lineStart..<range.lowerBound].allSatisfy { $0 == Byte.space },
                text: String(decoding: bytes[range.lowerBound..<end], as: UTF8.self)))
    }

    private mutating func endLine() {
        while index < bytes.count, bytes[index] != Byte.newline { index += 1 }
        index += 1
        line += 1
        lineStart = index
        if flowDepth == 0 { lastScalar = nil }
    }

    // MARK: - Facts about the place

    /// The byte at an offset from here; a newline behind the end.
    func byte(at offset: Int = 0) -> UInt8 {
        index + offset < bytes.count ? bytes[index + offset] : Byte.newline
    }

    /// Whether a space or the end of the line follows at an offset.
    func isBlank(at offset: Int) -> Bool {
        switch byte(at: offset) {
        case Byte.space, Byte.tab, Byte.newline, Byte.carriageReturn: true
        default: false
        }
    }

    /// The place of a byte of this line.
    ///
    /// It counts on from the place asked for before, so that a file of one long line takes no longer than another.
    mutating func position(of byte: Int) -> Findings.Position {
        if counted.line != line || counted.byte > byte { counted = (line, lineStart, 0) }
        let end = min(byte, bytes.count)
        if counted.byte < end { counted.characters += bytes[counted.byte..<end].count { $0 & 0xC0 != 0x80 } }
        counted.byte = max(counted.byte, end)
        return Findings.Position(line: line, column: counted.characters + 1)
    }

    mutating func refusal(_ message: String, hint: String? = nil, at byte: Int? = nil) -> Refusal {
        Refusal(position: position(of: byte ?? index), message: message, hint: hint)
    }

    // MARK: - Levels

    mutating func open(_ kind: Kind, column: Int) throws(Refusal) {
        guard levels.count < Self.deepest else {
            throw refusal("nested more than \(Self.deepest) deep", hint: "the file needs four levels at most")
        }
        levels.append(Level(kind: kind, column: column, position: position(of: index)))
        tape?.begin(kind, at: index, line: line)
    }

    /// Leaves the innermost level.
    mutating func close() {
        levels.removeLast()
        tape?.end(at: index, line: line)
    }

    /// Notes a key of the innermost mapping, when keys are collected.
    mutating func noteKey(_ range: Range<Int>, at place: Findings.Position) {
        guard collectsKeys, let last = levels.indices.last else { return }
        let key = String(decoding: bytes[range], as: UTF8.self)
        if let firstLine = levels[last].keys[key] {
            duplicates.append(DuplicateKey(position: place, range: range, firstLine: firstLine))
        } else {
            levels[last].keys[key] = place.line
        }
    }
}

/// The ASCII characters that mean something in YAML.
enum Byte {
    static let tab: UInt8 = 0x09
    static let newline: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let space: UInt8 = 0x20
    static let doubleQuote: UInt8 = 0x22
    static let hash: UInt8 = 0x23
    static let quote: UInt8 = 0x27
    static let comma: UInt8 = 0x2C
    static let dash: UInt8 = 0x2D
    static let dot: UInt8 = 0x2E
    static let colon: UInt8 = 0x3A
    static let backslash: UInt8 = 0x5C
    static let openBracket: UInt8 = 0x5B
    static let closeBracket: UInt8 = 0x5D
    static let openBrace: UInt8 = 0x7B
    static let closeBrace: UInt8 = 0x7D
}
