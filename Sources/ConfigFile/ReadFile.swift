import Crypto

/// What both readers do with a file's bytes before they look at its content.
enum ReadFile {
    /// The reading of a file that could not be read at all.
    static func failure<Value>(_ problem: FileProblem, file: String) -> Reading<Value> {
        let findings = Findings(file: file, bytes: [])
        findings.error(.wholeFile, problem.description, hint: problem.hint)
        return Reading(value: nil, problems: findings.problems(limit: 1), sha256: nil)
    }

    /// Parses `bytes` and lets `content` make a value of them.
    ///
    /// - Parameter content: gets the reader, the root node (nil for a file without content) and the file's SHA-256.
    static func reading<Value: Sendable>(
        _ bytes: [UInt8], file: String, showsSource: Bool = true,
        content: (_ reader: NodeReader, _ sha256: String) -> Value?
    ) -> Reading<Value> {
        let sha256 = sha256(of: bytes)
        // Some editors begin a file with a mark that is no part of its text.
        let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
        let findings = Findings(file: file, bytes: text, showsSource: showsSource)
        guard bytes.count <= BoundedFile.largestConfiguration else {
            return failure(.tooLarge(BoundedFile.largestConfiguration), file: file)
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
        let digits = Array("0123456789abcdef")
        return String(SHA256.hash(data: bytes).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
