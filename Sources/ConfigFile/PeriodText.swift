import Planning
import Yams

extension NodeReader {
    /// The widest span that a duration may have in some place of a file.
    struct DurationRange {
        let lowest: Duration
        let highest: Duration
        /// How messages call the range.
        var text: String

        init(lowest: Duration, highest: Duration, text: String? = nil) {
            self.lowest = lowest
            self.highest = highest
            self.text = text ?? "\(lowest.periodText) to \(highest.periodText)"
        }

        func contains(_ duration: Duration) -> Bool { lowest <= duration && duration <= highest }
    }

    /// A duration such as `30d`, in `range`.
    func duration(_ field: Field, in range: DurationRange) -> Duration? {
        guard let text = text(field, "a duration", accepting: [.text], hint: durationHint(field, range)) else {
            return nil
        }
        return duration(text, of: field, in: range)
    }

    /// A duration in `range`, or `never`, which is an inner nil.
    func period(_ field: Field, in range: DurationRange) -> Duration?? {
        guard let text = text(field, "a duration or never", hint: durationHint(field, range)) else { return nil }
        if text == "never" { return .some(nil) }
        return duration(text, of: field, in: range, orNever: true).map { .some($0) }
    }

    private func duration(
        _ text: String, of field: Field, in range: DurationRange, orNever: Bool = false
    ) -> Duration? {
        let never = orNever ? " or never" : ""
        guard let duration = Duration(periodText: text) else {
            let near = orNever ? NearestName.hint(for: text, among: ["never"]) : nil
            findings.error(
                field.position, "'\(field.name)' must be a duration\(never), and this is \(VisibleText.quoted(text))",
                hint: near ?? "write a whole number and a unit, such as 30s, 10m, 24h or 90d")
            return nil
        }
        guard range.contains(duration) else {
            findings.error(
                field.position, "'\(field.name)' must be \(range.text)\(never), and this is \(duration.periodText)")
            return nil
        }
        return duration
    }

    /// A number without a unit is the usual mistake: the hint gives it one that fits.
    private func durationHint(_ field: Field, _ range: DurationRange) -> String? {
        guard let scalar = field.node.scalar, ScalarKind(scalar) == .integer, scalar.string.utf8.count <= 12 else {
            return nil
        }
        let digits = scalar.string.drop { $0 == "+" }
        let units = ["d", "h", "m", "s"]
        let fitting = units.first { unit in
            Duration(periodText: digits + unit).map(range.contains) ?? false
        }
        return "say the unit: write \(digits)\(fitting ?? "s")"
    }
}
