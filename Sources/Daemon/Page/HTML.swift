import Planning

/// A piece of HTML: every text is escaped when it is added.
struct HTML: Sendable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    private(set) var source: String

    /// Markup written in this program.
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

/// The frame around the content of every page.
struct PageFrame {
    let title: String
    let now: Instant
    let content: HTML

    /// The whole document.
    var document: String {
        let html: HTML = """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(title)</title>
            <link rel="stylesheet" href="/page.css">
            <link rel="icon" href="data:,">
            <script src="/page.js" defer></script>
            </head>
            <body>
            <a class="skip" href="#content">Skip to the content</a>
            <header><a class="home" href="/">twostepd</a>
            <p class="at">as of <time datetime="\(now.description)">\(Self.clock(now))</time> <span id="live" role="status"></span></p>
            </header>
            <main id="content" tabindex="-1">
            \(content)
            </main>
            <footer><p>\(Version.text), read-only. What each term means and what to do: <code>docs/operations.md</code>,
            <code>twostepd status</code>.</p></footer>
            </body>
            </html>

            """
        return html.source
    }

    /// `2026-11-23 05:30:00 UTC`.
    private static func clock(_ instant: Instant) -> String {
        instant.description.prefix(19).replacing("T", with: " ") + " UTC"
    }
}

/// An instant on a page: relative, with the absolute one in its tooltip.
struct PageTime {
    let relative: RelativeTime

    func html(_ instant: Instant?) -> HTML {
        guard let instant else { return "–" }
        return
            "<time datetime=\"\(instant.description)\" title=\"\(instant.description)\">\(relative.text(instant))</time>"
    }
}

extension NumberCondition {
    /// The condition as a badge: a word and a colour, never a colour alone.
    var badge: HTML { "<span class=\"badge \(rawValue)\">\(rawValue.replacing("_", with: " "))</span>" }
}

/// Counts by day as an SVG, with a table of the same for readers who do not see it.
struct BarChart {
    struct Bar {
        let label: String
        let good: Int
        let bad: Int
    }

    let title: String
    let bars: [Bar]
    /// The meaning of the two parts of a bar.
    let words: (good: String, bad: String)

    private static let height = 80
    private static let step = 10

    var html: HTML {
        let total = bars.reduce(0) { $0 + $1.good + $1.bad }
        let most = bars.map { $0.good + $0.bad }.max() ?? 0
        let width = max(1, bars.count) * Self.step
        let columns = bars.enumerated().map { index, bar -> HTML in
            let good = Self.scaled(bar.good, most)
            let bad = Self.scaled(bar.bad, most)
            let badCount = words.bad.isEmpty ? "" : ", \(bar.bad) \(words.bad)"
            return """
                <g><title>\(bar.label): \(bar.good) \(words.good)\(badCount)</title>\
                <rect class="day" x="\(index * Self.step)" y="0" width="\(Self.step)" height="\(Self.height)"/>\
                <rect class="good" x="\(index * Self.step + 1)" y="\(Self.height - good)" width="\(Self.step - 2)" \
                height="\(good)"/>\
                <rect class="bad" x="\(index * Self.step + 1)" y="\(Self.height - good - bad)" width="\(Self.step - 2)" \
                height="\(bad)"/></g>
                """
        }
        let (first, last) = (bars.first?.label ?? "", bars.last?.label ?? "")
        return """
            <figure><figcaption>\(title): \(total)</figcaption>
            <svg viewBox="0 0 \(width) \(Self.height)" preserveAspectRatio="none" role="img" aria-label="\(title), \(total) in all, \
            at most \(most) in one day">\(columns)</svg>
            <p class="axis"><span>\(first)</span><span>at most \(most) a day</span><span>\(last)</span></p></figure>
            """
    }

    /// Scales a count to pixels; a count above zero stays visible.
    private static func scaled(_ count: Int, _ most: Int) -> Int {
        count == 0 ? 0 : max(2, count * (height - 4) / most)
    }
}
