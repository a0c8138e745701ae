import CYAML
import Files
import Glibc

/// The events of one YAML file in order: libyaml's events, each checked before it is read.
///
/// The project's files use a small part of YAML: one document of mappings, lists and text on one line. Anchors,
/// aliases, tags, directives, block text, text over several lines, tabs between words, a `?` before a key, and nesting
/// deeper than ``maxDepth`` are refused where they appear. So nothing expands, and no caller recurses deeper than the
/// limit.
final class YAMLEvents {
    typealias Position = Findings.Position

    /// The kind of the current event, as far as readers distinguish events.
    enum Kind {
        case scalar
        case mapping
        case list
        /// The end of a mapping, of a list, or of the document.
        case end
        /// There is no document: the file is empty, or has only comments.
        case nothing
    }

    /// The maximum nesting of mappings and lists.
    static let maxDepth = 32

    let text: SourceText
    let parser: UnsafeMutablePointer<yaml_parser_t>
    private let event: UnsafeMutablePointer<yaml_event_t>
    /// True when the text is overwritten in libyaml's buffers before they are freed.
    private let wipes: Bool
    private(set) var kind = Kind.nothing
    /// The end of the previous event.
    private(set) var lastEnd = Position(line: 1, column: 1)
    private var depth = 0
    /// The depth of the outermost open bracket; 0 outside brackets.
    private var bracketDepth = 0
    /// True when the mapping or list that ended last was written in brackets.
    private(set) var hasBracketEnded = false
    /// True when the document was ended by `...`.
    private(set) var hasEndMarker = false
    var suspects: SuspectScan

    /// Reads `bytes`, valid UTF-8 without a byte order mark, which must outlive this object.
    init(_ bytes: UnsafeBufferPointer<UInt8>, isSecret: Bool) {
        text = SourceText(bytes: bytes)
        wipes = isSecret
        suspects = SuspectScan(bytes)
        parser = .allocate(capacity: 1)
        event = .allocate(capacity: 1)
        event.initialize(to: yaml_event_t())
        open()
    }

    deinit {
        release()
        close()
        parser.deallocate()
        event.deallocate()
    }

    private func open() {
        parser.initialize(to: yaml_parser_t())
        precondition(yaml_parser_initialize(parser) == 1, "out of memory")
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, text.bytes.baseAddress, text.bytes.count)
    }

    private func close() {
        if wipes {
            let (raw, decoded) = (parser.pointee.raw_buffer, parser.pointee.buffer)
            if let start = raw.start, let end = raw.end { UnsafeMutableRawPointer(start).wipe(count: end - start) }
            if let start = decoded.start, let end = decoded.end {
                UnsafeMutableRawPointer(start).wipe(count: end - start)
            }
        }
        yaml_parser_delete(parser)
    }

    private func release() {
        if wipes, event.pointee.type == YAML_SCALAR_EVENT {
            UnsafeMutableRawPointer(event.pointee.data.scalar.value)?.wipe(count: event.pointee.data.scalar.length)
        }
        yaml_event_delete(event)
    }

    // MARK: - The document

    /// Advances to the root of the document; without a document the kind is ``Kind/nothing``.
    func begin() throws(YAMLRefusal) {
        try advance()
        try advance()
        guard event.pointee.type == YAML_DOCUMENT_START_EVENT else { return }
        let marker = event.pointee.data.document_start.implicit == 0 ? start.line : 0
        try advance()
        if start.line == marker, kind != .scalar || !bytes.isEmpty { throw .textBehindMarker(at: start) }
    }

    /// Refuses a second document, after the root of the first has been read.
    func finish() throws(YAMLRefusal) {
        guard kind != .nothing else { return }
        try advance()
        if event.pointee.type != YAML_STREAM_END_EVENT { throw .secondDocument(at: start) }
    }

    /// Restarts at the root.
    func rewind() throws(YAMLRefusal) {
        release()
        close()
        open()
        (kind, depth, bracketDepth, hasEndMarker) = (.nothing, 0, 0, false)
        suspects = SuspectScan(text.bytes)
        try begin()
    }

    // MARK: - The event at hand

    /// The beginning of the event.
    var start: Position { Position(event.pointee.start_mark) }

    /// The number of characters before the event.
    var offset: Int { Int(event.pointee.start_mark.index) }

    /// The text of a scalar, valid until the next event.
    var bytes: UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: event.pointee.data.scalar.value, count: Int(event.pointee.data.scalar.length))
    }

    /// True when a scalar is written without quotes.
    var isPlain: Bool { event.pointee.data.scalar.style == YAML_PLAIN_SCALAR_STYLE }

    /// Advances to the next event.
    func advance() throws(YAMLRefusal) {
        lastEnd = Position(event.pointee.end_mark)
        release()
        guard yaml_parser_parse(parser, event) == 1 else { throw syntaxRefusal() }
        switch event.pointee.type {
        case YAML_SCALAR_EVENT:
            try admitScalar()
            kind = .scalar
        case YAML_MAPPING_START_EVENT:
            let mapping = event.pointee.data.mapping_start
            try admitCollection(
                hasProperties: mapping.anchor != nil || mapping.tag != nil,
                isBracket: mapping.style == YAML_FLOW_MAPPING_STYLE)
            kind = .mapping
        case YAML_SEQUENCE_START_EVENT:
            let sequence = event.pointee.data.sequence_start
            try admitCollection(
                hasProperties: sequence.anchor != nil || sequence.tag != nil,
                isBracket: sequence.style == YAML_FLOW_SEQUENCE_STYLE)
            kind = .list
        case YAML_MAPPING_END_EVENT, YAML_SEQUENCE_END_EVENT:
            try admitGap()
            hasBracketEnded = bracketDepth > 0
            if depth == bracketDepth { bracketDepth = 0 }
            depth -= 1
            kind = .end
        case YAML_DOCUMENT_END_EVENT:
            try admitGap()
            hasEndMarker = event.pointee.data.document_end.implicit == 0
            kind = .end
        case YAML_ALIAS_EVENT:
            try admitGap()
            throw text.constructRefusal(at: start)
        default:
            try admitGap()
            kind = .nothing
        }
    }

    /// Advances past the value that begins here.
    func skip() throws(YAMLRefusal) {
        let isMapping = kind == .mapping
        if kind != .scalar {
            try advance()
            while kind != .end {
                if isMapping {
                    guard kind == .scalar else { throw try keyRefusal() }
                    try advance()
                }
                try skip()
            }
        }
        try advance()
    }

    // MARK: - What is admitted

    private func admitScalar() throws(YAMLRefusal) {
        let scalar = event.pointee.data.scalar
        let (first, last) = (event.pointee.start_mark, event.pointee.end_mark)
        let isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
        if suspects.next != nil {
            try admitGap()
            try admitSuspects(isPlain: isPlain)
        }
        if scalar.anchor != nil || scalar.tag != nil || first.line != last.line
            || (isPlain ? Int(last.index - first.index) != scalar.length : scalar.plain_implicit != 0)
        {
            try admitOddScalar()
        }
        if isPlain, scalar.length > 0, scalar.value[0] == UInt8(ascii: "?") { throw text.constructRefusal(at: start) }
    }

    /// Checks a scalar with doubtful marks or flags. It passes only as plain text beyond ASCII.
    private func admitOddScalar() throws(YAMLRefusal) {
        let scalar = event.pointee.data.scalar
        let (first, last) = (Position(event.pointee.start_mark), Position(event.pointee.end_mark))
        let isBlock = scalar.style == YAML_LITERAL_SCALAR_STYLE || scalar.style == YAML_FOLDED_SCALAR_STYLE
        if isBlock || text.hasProperties(at: first) { throw text.constructRefusal(at: first) }
        guard first.line != last.line else { return }
        throw isPlain ? text.continuationRefusal(after: first, isInBrackets: bracketDepth > 0) : .openQuote(at: first)
    }

    private func admitCollection(hasProperties: Bool, isBracket: Bool) throws(YAMLRefusal) {
        try admitGap()
        if hasProperties { throw text.constructRefusal(at: start) }
        guard depth < Self.maxDepth else { throw .tooDeep(at: start) }
        depth += 1
        if isBracket, bracketDepth == 0 { bracketDepth = depth }
    }

    /// Refuses a suspect between the previous event and this one, unless it is in a comment.
    private func admitGap() throws(YAMLRefusal) {
        while let suspect = suspects.next, suspect.position < start {
            guard suspects.isInComment(after: lastEnd) else { throw suspect.refusal }
            suspects.skipLine()
        }
    }

    /// Refuses a suspect inside the current scalar that its style does not allow.
    private func admitSuspects(isPlain: Bool) throws(YAMLRefusal) {
        let end = Position(event.pointee.end_mark)
        // When the text has a tab and also continues on another line, the first of the two is refused.
        let isOnOneLine = end.line == start.line
        let next = isOnOneLine ? end : text.continuationRefusal(after: start, isInBrackets: false).position
        while let suspect = suspects.next, suspect.position < end {
            if isPlain, !isOnOneLine, suspect.position > next { return }
            if isPlain, suspect.byte == Byte.tab { throw suspect.refusal }
            suspects.advance()
        }
    }

    /// Returns the refusal of a key that is a mapping or a list, at its colon. The key begins here.
    func keyRefusal() throws(YAMLRefusal) -> YAMLRefusal {
        try skip()
        return .colonWithoutKey(at: text.nextWord(from: lastEnd))
    }
}

extension Findings.Position {
    init(_ mark: yaml_mark_t) {
        self.init(line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }
}
