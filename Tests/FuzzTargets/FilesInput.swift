#if TESTABLE
    import Planning

    @testable import ConfigFile

    /// The three files: the first byte selects one, the rest is its content.
    public enum FilesInput: FuzzInput {
        public static func problem(with bytes: [UInt8]) -> String? {
            guard let choice = bytes.first else { return nil }
            let content = ShownText.planted(Array(bytes.dropFirst()))
            switch choice % 3 {
            case 0: return judge(DesiredStateReader.read(bytes: content, file: "f.yaml"), of: content)
            case 1: return judge(SettingsReader.read(bytes: content, file: "/etc/f.yaml"), of: content)
            default: return judge(SecretsFile.read(bytes: content, file: "f.yaml"), of: content)
            }
        }

        private static func judge<Value>(_ reading: Reading<Value>, of content: [UInt8]) -> String? {
            if reading.value == nil, reading.errors.isEmpty { return "there is neither a value nor an error" }
            if reading.value != nil, !reading.errors.isEmpty { return "there are a value and an error" }
            if reading.problems.count > Reading<Value>.maxProblems { return "\(reading.problems.count) problems" }
            let lines = content.count { $0 == 0x0A } + 1
            for problem in reading.problems {
                if problem.line > lines { return "the problem is behind the end of the file: \(problem)" }
                let texts = [problem.message, problem.hint, problem.sourceLine].compactMap { $0 }
                for text in texts {
                    if let flaw = ShownText.problem(text, longest: 1100) { return "\(flaw): \(problem)" }
                }
                if let line = problem.sourceLine, problem.caret > line.unicodeScalars.count {
                    return "the caret is outside of the line: \(problem)"
                }
            }
            return nil
        }
    }
#endif
