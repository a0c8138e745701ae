#if TESTABLE
    import Foundation
    import FuzzTargets
    import Testing

    /// Replays the seeds of the fuzzers and their findings: scripts/fuzz.sh writes its findings here.
    @Suite struct FuzzCorpusTests {
        /// Returns a target's inputs by name.
        private static func inputs(_ target: String) throws -> [(name: String, bytes: [UInt8])] {
            let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpus/\(target)")
            return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
                .sorted { $0.path < $1.path }
                .map { ($0.lastPathComponent, Array(try Data(contentsOf: $0))) }
        }

        /// Returns the smallest inputs that cover everything a long run covered: a line each, in base64.
        private static func learned(_ target: String) throws -> [[UInt8]] {
            let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpus/\(target).learned")
            return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { line in
                Array(try #require(Data(base64Encoded: String(line))))
            }
        }

        private func replay(_ target: String, _ feed: ([UInt8]) -> String?) throws {
            let inputs = try Self.inputs(target)
            #expect(inputs.count >= 4, "the seeds of \(target) are there")
            for input in inputs {
                #expect(feed(input.bytes) == nil, "\(target)/\(input.name)")
                // A connection or a file on disk may end anywhere.
                for length in stride(from: 0, to: input.bytes.count, by: 7) {
                    #expect(feed(Array(input.bytes.prefix(length))) == nil, "\(target)/\(input.name), \(length) bytes")
                }
            }
            let learned = try Self.learned(target)
            #expect(learned.count > 100, "what was learned of \(target) is there")
            for (index, bytes) in learned.enumerated() { #expect(feed(bytes) == nil, "\(target), line \(index + 1)") }
        }

        @Test func `no file in the corpus breaks a rule of the readers`() throws {
            try replay("files", FilesInput.problem)
        }

        @Test func `no answer in the corpus breaks a rule of the classifier`() throws {
            try replay("answers", AnswersInput.problem)
        }

        @Test func `no connection in the corpus breaks a rule of the servers`() throws {
            try replay("http", HTTPInput.problem)
        }
    }
#endif
