import GRDB
import Planning

extension DesiredNumber {
    /// The desired columns of `numbers`, in the order of ``columnValues``.
    static let columns = [
        "label", "token_name", "endpoint", "verification", "rotate_every", "reapply_every", "rotation_method",
        "rotation_window", "rotate_before", "operator_pin", "token_mark", "operator_pin_mark", "rotate_after_reveal",
    ]

    /// What the desired columns hold for this entry; nil for NULL.
    var columnValues: [String?] {
        var periods = PeriodTexts()
        return [
            label, tokenName, endpoint.text, verification.rawValue, periods.text(rotateEvery),
            periods.text(reapplyEvery), rotationMethod.rawValue, rotationWindow?.text, rotateBefore?.description,
            operatorPINName, tokenMark, operatorPINMark, rotateAfterReveal.map { periods.text($0) },
        ]
    }

    /// Whether the reader's next columns, the desired ones, hold this entry. It reads up to the first that differs.
    func isStored(in reader: inout RowReader, _ periods: inout PeriodTexts) -> Bool {
        // Text by text where SQLite has it: a reload compares a whole fleet, of which hardly anything has changed.
        reader.says(label) && reader.says(tokenName) && reader.says(endpoint.text)
            && reader.says(verification.rawValue) && reader.says(periods.text(rotateEvery))
            && reader.says(periods.text(reapplyEvery)) && reader.says(rotationMethod.rawValue)
            && reader.says(rotationWindow?.text) && reader.says(rotateBefore?.description)
            && reader.says(operatorPINName) && reader.says(tokenMark) && reader.says(operatorPINMark)
            && reader.says(rotateAfterReveal.map { periods.text($0) })
    }
}

/// The texts of periods. A fleet has few different ones.
struct PeriodTexts {
    private var known: [Duration: String] = [:]
    /// How many are remembered.
    private static let most = 64

    mutating func text(_ period: Duration?) -> String {
        guard let period else { return "never" }
        if let text = known[period] { return text }
        let text = period.periodText
        precondition(Duration(periodText: text) != nil, "a period of a valid desired state is at most 10,000 days")
        if known.count < Self.most { known[period] = text }
        return text
    }
}
