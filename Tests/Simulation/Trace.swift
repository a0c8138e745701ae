import Planning

/// The events of a run, line by line: a fingerprint over all of them, and the last lines to be shown.
struct Trace {
    private(set) var fingerprint: UInt64 = 0xcbf2_9ce4_8422_2325
    private(set) var count = 0
    private var lines: [String] = []
    private var head = 0
    private let kept: Int

    /// Creates a trace that keeps its last `kept` lines.
    init(kept: Int) {
        self.kept = max(1, kept)
    }

    /// The kept lines, oldest first.
    var remembered: [String] { Array(lines[head...] + lines[..<head]) }

    mutating func note(_ text: String, at wall: Instant) {
        let line = "\(wall) \(text)"
        count += 1
        for byte in line.utf8 { fingerprint = (fingerprint ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        if lines.count < kept {
            lines.append(line)
        } else {
            lines[head] = line
            head = (head + 1) % kept
        }
    }
}
