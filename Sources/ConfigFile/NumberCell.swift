import Planning

/// A telephone number in the notations of people and spreadsheets: a `+`, the country code, and groups of digits with
/// separators between them. A text that is not certainly one whole number is refused; nothing is guessed.
struct NumberCell {
    /// The reason why a text is not certainly one number, with the remedy.
    struct Refusal: Error {
        let hint: String
    }

    /// A group of digits, and the separators before it.
    private struct Group {
        var separators = ""
        var digits = ""
        var isInParentheses = false
    }

    private let text: String

    init(_ text: String) {
        var text = String(String.UnicodeScalarView(text.unicodeScalars.filter { !Self.isInvisible($0) }))
        // Spreadsheets put an apostrophe before a text that looks like a number.
        if text.hasPrefix("'") { text.removeFirst() }
        if text.lowercased().hasPrefix("tel:") { text = String(text.dropFirst(4)) }
        self.text = text.trimmingSpaces()
    }

    func number() throws(Refusal) -> PhoneNumber {
        let digits = String(text.unicodeScalars.filter { ("0"..."9").contains($0) })
        guard text.hasPrefix("+") else { throw Refusal(hint: Self.hintWithoutPlus(text, digits)) }
        if text.dropFirst().contains("+") {
            throw Refusal(
                hint: text.uppercased().contains("E+") ? Self.rounded : Self.ownRow)
        }
        let groups = try groups()
        try refuseRemainders(groups)
        guard let number = PhoneNumber("+" + digits) else { throw Refusal(hint: Self.shape) }
        if let hint = Self.hintOfPlan(digits) { throw Refusal(hint: hint) }
        return number
    }

    // MARK: - Groups

    private func groups() throws(Refusal) -> [Group] {
        var groups: [Group] = []
        var open = Group()
        var isOpen = false
        for scalar in text.dropFirst().unicodeScalars {
            if ("0"..."9").contains(scalar) {
                open.digits.unicodeScalars.append(scalar)
                continue
            }
            guard Self.separators.contains(scalar) else { throw Refusal(hint: Self.hint(of: scalar)) }
            if !open.digits.isEmpty {
                groups.append(open)
                open = Group()
            }
            open.separators.unicodeScalars.append(scalar)
            if scalar == "(" || scalar == ")" {
                guard isOpen == (scalar == ")") else { throw Refusal(hint: Self.shape) }
                isOpen.toggle()
                open.isInParentheses = isOpen
            }
        }
        groups.append(open)
        let isWhole = groups.allSatisfy { !$0.digits.isEmpty && $0.separators.count <= Self.maxSeparators }
        guard isWhole, !isOpen, groups[0].separators.allSatisfy({ $0 == "(" }) else {
            // A parenthesis may close after the last digits.
            throw Refusal(hint: "separators belong between groups of digits; \(Self.shape)")
        }
        return groups
    }

    /// Refuses digits that may be a fraction, an extension, or the end of a second number.
    private func refuseRemainders(_ groups: [Group]) throws(Refusal) {
        if groups.contains(where: { $0.isInParentheses && $0.digits.hasPrefix("0") }) {
            throw Refusal(hint: "write it without the (0) and with the country code, such as +442079460000")
        }
        guard groups.count > 1, let last = groups.last else { return }
        if last.separators == "." {
            let dots = groups.count { $0.separators == "." }
            if dots == 1, groups.count == 2 || last.digits.count <= 2 {
                throw Refusal(
                    hint: "this may be a fraction: give the column the format 'text', and write the number without it")
            }
        }
        if let slash = groups.lastIndex(where: { $0.separators.contains("/") }) {
            guard groups[slash...].reduce(0, { $0 + $1.digits.count }) > Self.maxAlternativeDigits else {
                throw Refusal(hint: "the digits after '/' may be another number: \(Self.ownRow)")
            }
        }
        if last.digits.count == 1 || groups.dropLast().contains(where: { $0.digits.count >= Self.minWholeDigits }) {
            throw Refusal(
                hint:
                    "the last digits may be an extension, or another number: write one whole number, without an extension"
            )
        }
    }

    // MARK: - Characters

    private static let separators: Set<Unicode.Scalar> = [
        " ", "-", ".", "/", "(", ")", "\u{A0}", "\u{2007}", "\u{2009}", "\u{202F}", "\u{2010}", "\u{2011}", "\u{2012}",
        "\u{2013}",
    ]
    /// The maximum of characters in one separator.
    private static let maxSeparators = 3
    /// The number of digits from which a group is a number by itself.
    private static let minWholeDigits = 9
    /// The number of digits after a slash that may replace the last ones of the number.
    private static let maxAlternativeDigits = 4

    /// Returns true for marks of writing direction and of width, which spreadsheets and messengers copy along.
    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x200B...0x200F, 0x202A...0x202E, 0x2060, 0x2066...0x2069, 0xFEFF, 0x61C: true
        default: false
        }
    }

    // MARK: - Hints

    private static let shape = "write '+', the country code and the number: 7 to 15 digits"
    private static let rounded = "the spreadsheet has rounded it: give the column the format 'text' and export it again"

    private static let ownRow = "write each number in a row of its own"

    /// Country codes whose national prefix is 0, so that no number begins with 0 after the code (ITU-T E.164, national
    /// numbering plans).
    private static let nationalPrefixZero = [
        "20", "27", "31", "32", "33", "40", "41", "43", "44", "46", "49", "54", "55", "60", "61", "62", "63", "64",
        "66",
        "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
    ]

    /// Returns the problem of the digits under the numbering plan of their country; nil when none is known.
    private static func hintOfPlan(_ digits: String) -> String? {
        if digits.hasPrefix("1"), digits.count != 11 { return "+1 is followed by ten digits" }
        guard let code = nationalPrefixZero.first(where: { digits.hasPrefix($0 + "0") }) else { return nil }
        return "write it without the 0 after the country code: +\(code)\(digits.dropFirst(code.count + 1))"
    }

    /// Returns the number from digits that begin with a country code; nil when they do not form one.
    private static func completed(_ digits: some StringProtocol) -> PhoneNumber? {
        hintOfPlan(String(digits)) == nil ? PhoneNumber("+" + digits) : nil
    }

    private static func hint(of scalar: Unicode.Scalar) -> String {
        switch scalar {
        case ";", ",", "\n", "\r", "|", "&": "\(ownRow), without an extension"
        case "x", "X", "e", "E", "#", "p", "P", "w", "W": "write the number without an extension"
        default: shape
        }
    }

    private static func hintWithoutPlus(_ text: String, _ digits: String) -> String {
        if text.uppercased().contains("E+") { return rounded }
        if digits.hasPrefix("00"), let number = completed(digits.dropFirst(2)) {
            return "did you mean \(number)? 00 is not the international prefix of every country"
        }
        if !digits.hasPrefix("0"), let number = completed(digits) {
            return "did you mean \(number)? Without '+' it could be a national number"
        }
        return shape
    }
}

extension String {
    fileprivate func trimmingSpaces() -> String {
        var text = self[...]
        while text.first == " " || text.first == "\u{A0}" { text.removeFirst() }
        while text.last == " " || text.last == "\u{A0}" { text.removeLast() }
        return String(text)
    }
}
