/// A piece of HTML: text is escaped when it comes in, and nothing else can.
struct HTML: Sendable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    private(set) var source: String

    /// Markup as it stands in this program.
    init(stringLiteral value: String) { source = value }

    init(stringInterpolation: Interpolation) { source = stringInterpolation.source }

    private init(source: String) { self.source = source }

    /// Text, escaped for elements and quoted attributes.
    static func text(_ text: String) -> HTML {
        var escaped = ""
        escaped.reserveCapacity(text.utf8.count)
        for character in text {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.append(character)
            }
        }
        return HTML(source: escaped)
    }

    static func + (left: HTML, right: HTML) -> HTML { HTML(source: left.source + right.source) }

    struct Interpolation: StringInterpolationProtocol {
        var source = ""

        init(literalCapacity: Int, interpolationCount: Int) { source.reserveCapacity(literalCapacity) }

        mutating func appendLiteral(_ literal: String) { source += literal }
        mutating func appendInterpolation(_ html: HTML) { source += html.source }
        mutating func appendInterpolation(_ text: String) { source += HTML.text(text).source }
        mutating func appendInterpolation(_ number: Int) { source += String(number) }
        mutating func appendInterpolation(_ parts: [HTML]) { source += parts.map(\.source).joined() }
    }
}
