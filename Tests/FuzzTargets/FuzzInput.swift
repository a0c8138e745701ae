#if TESTABLE
    /// A fuzzer's input to a parser, and the rules for everything that comes out.
    public protocol FuzzInput {
        /// Feeds one input; returns the broken rule, or nil when all rules hold.
        static func problem(with bytes: [UInt8]) -> String?
    }

    extension FuzzInput {
        /// Feeds a fuzzer's input. Ends the process at the first input that breaks a rule, which is how libFuzzer
        /// detects it.
        public static func feed(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
            if let problem = problem(with: Array(UnsafeBufferPointer(start: start, count: count))) {
                fatalError(problem)
            }
            return 0
        }
    }

    /// Rules that hold for every text that is shown.
    enum ShownText {
        /// A stand-in in an input for a secret that was put there by mistake; it looks like a token.
        static let canary = "k7Qm2xV9tLp4Rz8WbN3c"
        private static let mark = Array("SECRET".utf8)

        /// Returns the input with every `SECRET` replaced by the canary.
        static func planted(_ bytes: [UInt8]) -> [UInt8] {
            var result: [UInt8] = []
            var index = 0
            while index < bytes.count {
                if bytes[index...].starts(with: mark) {
                    result += canary.utf8
                    index += mark.count
                } else {
                    result.append(bytes[index])
                    index += 1
                }
            }
            return result
        }

        /// Returns the problem of a text of one line; nil for none.
        static func problem(_ text: String, longest: Int) -> String? {
            if text.unicodeScalars.count > longest { return "a text of \(text.unicodeScalars.count) characters" }
            if text.utf8.contains(where: { $0 < 32 || $0 == 127 }) { return "a control character is shown" }
            if text.contains(canary) { return "a secret is shown" }
            return nil
        }
    }
#endif
