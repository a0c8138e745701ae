extension Duration {
    /// Creates a duration from a period as operators write it: a whole number and a unit, `ms`, `s`, `m`, `h`, `d` or
    /// `w`, such as `90d`.
    ///
    /// Several parts may follow each other, largest unit first: `1h30m`. Nil for anything else, and above 10,000 days.
    public init?(periodText text: String) {
        var total: Int64 = 0
        var lastUnit = Int64.max
        var rest = text.utf8[...]
        guard !rest.isEmpty, rest.count <= 32 else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { (48...57).contains($0) }
            guard (1...12).contains(digits.count) else { return nil }
            let value = digits.reduce(Int64(0)) { $0 * 10 + Int64($1 - 48) }
            rest = rest[digits.endIndex...]
            let letters = rest.prefix { (97...122).contains($0) }
            rest = rest[letters.endIndex...]
            guard let unit = Self.unit(letters), unit < lastUnit else { return nil }
            lastUnit = unit
            let (part, overflow) = value.multipliedReportingOverflow(by: unit)
            guard !overflow, part <= Self.maxPeriodMilliseconds else { return nil }
            total += part
        }
        guard total <= Self.maxPeriodMilliseconds else { return nil }
        self = .milliseconds(total)
    }

    /// The shortest exact period text: `90d`, `36h`, `1500ms`; `0s` for zero.
    public var periodText: String {
        let value = milliseconds
        guard value != 0 else { return "0s" }
        for (name, unit) in [("d", Int64(86_400_000)), ("h", 3_600_000), ("m", 60_000), ("s", 1000)]
        where value % unit == 0 {
            return "\(value / unit)\(name)"
        }
        return "\(value)ms"
    }

    /// The duration in words for operators, at most two units and rounded down: `2 d 3 h`, `45 s`, `120 ms`.
    public var roughText: String {
        let value = max(0, milliseconds)
        if value < 1000 { return "\(value) ms" }
        let units: [(String, Int64)] = [("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1000)]
        guard let first = units.firstIndex(where: { value >= $0.1 }) else { return "0 s" }
        let (name, unit) = units[first]
        let head = "\(value / unit) \(name)"
        guard first + 1 < units.count, value / unit < 10 else { return head }
        let (nextName, nextUnit) = units[first + 1]
        let remainder = value % unit / nextUnit
        return remainder == 0 ? head : "\(head) \(remainder) \(nextName)"
    }

    private static let maxPeriodMilliseconds: Int64 = 10_000 * 86_400_000

    /// Returns the milliseconds of a unit; nil when the name is not a unit.
    private static func unit(_ letters: Substring.UTF8View) -> Int64? {
        guard let first = letters.first else { return nil }
        guard letters.count == 1 else { return letters.elementsEqual("ms".utf8) ? 1 : nil }
        return switch Unicode.Scalar(first) {
        case "s": 1000
        case "m": 60_000
        case "h": 3_600_000
        case "d": 86_400_000
        case "w": 604_800_000
        default: nil
        }
    }
}
