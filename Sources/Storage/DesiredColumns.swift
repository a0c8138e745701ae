import GRDB
import Planning

extension DesiredNumber {
    /// The desired columns of `numbers`, in the order of ``columnValues``.
    static let columns = [
        "label", "token_name", "endpoint", "verification", "rotate_every", "reapply_every", "rotation_method",
        "rotation_window", "rotate_before", "operator_pin", "token_mark",
        "rotate_after_reveal",
    ]

    /// What the desired columns hold for this entry; nil for NULL.
    var columnValues: [String?] {
        [
            label, tokenName, endpoint.text, verification.rawValue, Self.periodText(rotateEvery),
            Self.periodText(reapplyEvery), rotationMethod.rawValue, rotationWindow?.text, rotateBefore?.description,
            operatorPINName, tokenMark, rotateAfterReveal.map { Self.periodText($0) },
        ]
    }

    /// The entry as one text, equal for equal entries; ``fingerprintSQL`` gives the same for a row.
    var fingerprint: String {
        columnValues.map { $0 ?? Self.absent }.joined(separator: Self.separator)
    }

    /// The SQL expression of ``fingerprint``: comparing one text a row is several times faster than ten columns.
    static let fingerprintSQL =
        columns.map { "coalesce(\($0), '\(absent)')" }.joined(separator: " || '\(separator)' || ")

    // Control characters, which no name, URL or time of a desired state holds.
    private static let absent = "\u{1e}"
    private static let separator = "\u{1f}"

    private static func periodText(_ period: Duration?) -> String {
        guard let period else { return "never" }
        let text = period.periodText
        precondition(Duration(periodText: text) != nil, "a period of a valid desired state is at most 10,000 days")
        return text
    }
}
