#if TESTABLE
    import Planning

    @testable import ConfigFile

    /// The three files: the first byte chooses which, the rest is its content.
    public enum FilesInput: FuzzInput {
        public static func problem(with bytes: [UInt8]) -> String? {
            guard let choice = bytes.first else { return nil }
            let content = ShownText.planted(Array(bytes.dropFirst()))
            switch choice % 3 {
            case 0:
                let reading = DesiredStateReader.read(bytes: content, file: "f.yaml")
                return judge(reading)
                    ?? difference(reading, DesiredStateReader.readNodes(bytes: content, file: "f.yaml")) { $0.numbers }
            case 1: return judge(SettingsReader.read(bytes: content, file: "/etc/f.yaml"))
            default:
                let reading = SecretsFile.read(bytes: content, file: "f.yaml")
                return judge(reading)
                    ?? difference(reading, SecretsFile.readNodes(bytes: content, file: "f.yaml")) { $0.tokens }
                    ?? difference(reading, SecretsFile.readNodes(bytes: content, file: "f.yaml")) { $0.pins }
            }
        }

        /// Whether the tape and the parser's nodes give the same.
        private static func difference<Value, Part: Equatable>(
            _ tape: Reading<Value>, _ nodes: Reading<Value>, _ part: (Value) -> Part
        ) -> String? {
            if tape.value.map(part) != nodes.value.map(part) { return "the tape gives another value than the nodes" }
            return tape.problems == nodes.problems ? nil : "the tape gives other problems than the nodes"
        }

        private static func judge<Value>(_ reading: Reading<Value>) -> String? {
            if reading.value == nil, reading.errors.isEmpty { return "there is neither a value nor an error" }
            if reading.value != nil, !reading.errors.isEmpty { return "there are a value and an error" }
            if reading.problems.count > Reading<Value>.mostProblems { return "\(reading.problems.count) problems" }
            for problem in reading.problems {
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
