extension String {
    /// Returns the text with a space for each character that breaks a line, controls a terminal, is invisible or
    /// changes the direction of writing. It makes untrusted text safe to display.
    public func onOneLine() -> String {
        if utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return self }
        var scalars = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse: scalars.append(" ")
            default: scalars.append(scalar)
            }
        }
        return String(scalars)
    }
}

extension Int {
    /// Returns the count with its noun: "1 number", "3 numbers". Every displayed count is formatted by it.
    ///
    /// - Parameter plural: the plural of nouns that do not take an "s".
    public func counted(_ noun: String, _ plural: String? = nil) -> String {
        "\(self) \(self == 1 ? noun : plural ?? noun + "s")"
    }
}

extension Sequence<UInt8> {
    /// Two lower-case hexadecimal digits for each byte, in their order.
    public var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
