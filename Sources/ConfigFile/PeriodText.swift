import Planning

extension FieldReader {
    /// The range of a duration in one place of a file.
    struct DurationRange {
        let lowest: Duration
        let highest: Duration
        /// The name of the range in messages, when its bounds alone do not describe it.
        private var name: String?
        /// A lower bound that applies on loopback.
        private var lowestOnLoopback: Duration?

        init(lowest: Duration, highest: Duration, name: String? = nil) {
            self.lowest = lowest
            self.highest = highest
            self.name = name
        }

        /// Returns the range for a number whose endpoint may be on loopback.
        func loweredOnLoopback(to lowest: Duration) -> DurationRange {
            var range = self
            range.lowestOnLoopback = lowest
            return range
        }

        /// The range in messages.
        var text: String {
            let text = name ?? "\(lowest.periodText) to \(highest.periodText)"
            guard let lowestOnLoopback else { return text }
            return "\(text) (from \(lowestOnLoopback.periodText) when the endpoint is on loopback)"
        }

        func contains(_ duration: Duration) -> Bool { lowestOnLoopback ?? lowest <= duration && duration <= highest }
    }

    /// Returns a duration such as `30d` in `range`; reports any other value and returns nil.
    func duration(_ field: Field, in range: DurationRange) -> Duration? {
        guard let text = text(field, "a duration", accepting: [.text], hint: durationHint(field, range)) else {
            return nil
        }
        return duration(text, of: field, in: range)
    }

    /// Returns a duration in `range`, or an inner nil for `never`; reports any other value and returns nil.
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
                field.position, "'\(field.name)' must be a duration\(never), but is \(VisibleText.quoted(text))",
                hint: near ?? "write a whole number and a unit, such as 30s, 10m, 24h or 90d")
            return nil
        }
        guard range.contains(duration) else {
            findings.error(
                field.position, "'\(field.name)' must be \(range.text)\(never), but is \(duration.periodText)")
            return nil
        }
        return duration
    }

    /// Returns a hint for the usual mistake, a number without a unit, with a unit that fits.
    private func durationHint(_ field: Field, _ range: DurationRange) -> String? {
        guard let scalar = field.scalar, scalar.kind == .integer, scalar.text.utf8.count <= 12 else {
            return nil
        }
        let digits = scalar.text.drop { $0 == "+" }
        let units = ["d", "h", "m", "s"]
        let fitting = units.first { unit in
            Duration(periodText: digits + unit).map(range.contains) ?? false
        }
        return "add the unit: write \(digits)\(fitting ?? "s")"
    }
}
