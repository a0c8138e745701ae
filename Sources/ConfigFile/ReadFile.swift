import Crypto
import Files
import Planning

/// What both readers do with a file's bytes before they look at its content.
enum ReadFile {
    /// Some editors begin a file with a mark that is no part of its text.
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// The reading of a file that could not be read at all.
    static func failure<Value>(_ error: FileError, file: String) -> Reading<Value> {
        let findings = Findings(file: file, bytes: [])
        findings.error(.wholeFile, error.report, hint: error.hint)
        return Reading(value: nil, problems: findings.problems(limit: 1), sha256: nil)
    }

    /// Reads `bytes` from their tape, without a tree; nil when the parser has to look at them.
    ///
    /// - Parameters:
    ///   - content: makes the content from the tape, with nothing but warnings among the findings; nil at any doubt.
    ///   - value: makes the value of the content and the file's SHA-256.
    static func fast<Content, Value: Sendable>(
        _ bytes: [UInt8], file: String, showsSource: Bool = true,
        content: (_ text: TapeText, _ findings: Findings) -> Content?,
        value: (_ content: Content, _ sha256: String) -> Value
    ) -> Reading<Value>? {
        guard bytes.count <= ReadPolicy.configuration.limit else { return nil }
        let mark = bytes.starts(with: byteOrderMark) ? byteOrderMark.count : 0
        let findings = Findings(file: file, bytes: mark > 0 ? Array(bytes[mark...]) : bytes, showsSource: showsSource)
        let found = bytes.withUnsafeBufferPointer { buffer -> Content? in
            let text = UnsafeBufferPointer(rebasing: buffer[mark...])
            guard CharacterScan.isUTF8(text) else { return nil }
            return TapeText(text).flatMap { content($0, findings) }
        }
        guard let found, !findings.hasErrors else { return nil }
        let sha256 = sha256(of: bytes)
        return Reading(
            value: value(found, sha256), problems: findings.problems(limit: Reading<Value>.mostProblems),
            sha256: sha256)
    }

    /// Parses `bytes` and lets `content` make a value of them.
    ///
    /// - Parameter content: gets the reader and the file's SHA-256.
    static func reading<Value: Sendable>(
        _ bytes: [UInt8], file: String, showsSource: Bool = true,
        content: (_ reader: NodeReader, _ sha256: String) -> Value?
    ) -> Reading<Value> {
        let sha256 = sha256(of: bytes)
        let text = bytes.starts(with: byteOrderMark) ? Array(bytes.dropFirst(byteOrderMark.count)) : bytes
        let findings = Findings(file: file, bytes: text, showsSource: showsSource)
        let limit = ReadPolicy.configuration.limit
        guard bytes.count <= limit else {
            return failure(.tooLarge(path: file, limit: limit), file: file)
        }
        let document = YAMLDocument(parsing: text, findings: findings)
        var value: Value?
        if document.root != nil || !findings.hasErrors {
            value = content(NodeReader(findings: findings, document: document), sha256)
        }
        if !findings.hasErrors {
            // Whoever walks over a mapping reports its duplicates; this is for mappings that nobody walked over.
            for (position, duplicate) in document.duplicates {
                YAMLDocument.reportDuplicate(duplicate, at: position, to: findings)
            }
        }
        return Reading(
            value: value, problems: findings.problems(limit: Reading<Value>.mostProblems), sha256: sha256)
    }

    /// SHA-256 as 64 lower-case hexadecimal digits.
    static func sha256(of bytes: [UInt8]) -> String {
        SHA256.hash(data: bytes).hexadecimal
    }
}
