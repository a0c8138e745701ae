import Crypto
import Files
import Planning

/// The steps from a file's bytes to the events of its content, common to every file.
enum ReadFile {
    /// The mark with which some editors begin a file, and which is not part of its text.
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Returns the reading of a file that could not be read at all.
    static func failure<Value>(_ error: FileError, file: String) -> Reading<Value> {
        let findings = Findings(file: file, bytes: [])
        findings.error(.wholeFile, error.report, hint: error.hint)
        return Reading(value: nil, problems: findings.problems(limit: 1), sha256: nil)
    }

    /// Reads `bytes` as YAML, and lets `content` create a value from it.
    ///
    /// A file that is refused on the way has this one problem: earlier findings may be wrong.
    ///
    /// - Parameters:
    ///   - isSecret: whether the file holds secrets, so that no line of it is ever shown.
    ///   - content: receives the reader at the root of the document, and the file's SHA-256, which is empty for
    ///     secrets.
    static func reading<Value: Sendable>(
        _ bytes: [UInt8], file: String, isSecret: Bool = false,
        content: (_ reader: FieldReader, _ sha256: String) throws(YAMLRefusal) -> Value?
    ) -> Reading<Value> {
        let limit = ReadPolicy.configuration.limit
        guard bytes.count <= limit else {
            return failure(.tooLarge(path: file, limit: limit), file: file)
        }
        // No checksum for secrets: with it, short ones could be guessed.
        let sha256 = isSecret ? nil : sha256(of: bytes)
        let mark = bytes.starts(with: byteOrderMark) ? byteOrderMark.count : 0
        let shown = isSecret ? [] : mark > 0 ? Array(bytes[mark...]) : bytes
        let findings = Findings(file: file, bytes: shown, showsSource: !isSecret)
        let value = bytes.withUnsafeBufferPointer { buffer -> Value? in
            let text = UnsafeBufferPointer(rebasing: buffer[mark...])
            do throws(YAMLRefusal) {
                try admit(text)
                let events = YAMLEvents(text, isSecret: isSecret)
                try events.begin()
                let value = try content(FieldReader(findings: findings, events: events), sha256 ?? "")
                try events.finish()
                return value
            } catch {
                if !findings.isFull { findings.replaceAll(with: error) }
                return nil
            }
        }
        return Reading(
            value: value, problems: findings.problems(limit: Reading<Value>.maxProblems), sha256: sha256)
    }

    /// Refuses bytes that are not plain UTF-8 text.
    private static func admit(_ bytes: UnsafeBufferPointer<UInt8>) throws(YAMLRefusal) {
        guard !CharacterScan.isPlain(bytes) else { return }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw YAMLRefusal(position: .wholeFile, message: "the file is UTF-16", hint: "save the file as UTF-8")
        }
        if let position = CharacterScan.invalidUTF8(in: bytes) {
            throw YAMLRefusal(position: position, message: "this is not valid UTF-8", hint: "save the file as UTF-8")
        }
        if let refusal = CharacterScan.refusal(of: bytes) { throw refusal }
    }

    /// Returns SHA-256 as 64 lower-case hexadecimal digits.
    static func sha256(of bytes: [UInt8]) -> String {
        SHA256.hash(data: bytes).hexadecimal
    }
}
