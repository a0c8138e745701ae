import Planning

/// What every page has around its content.
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
            <footer><p>\(Version.text), read only. What each word means and what to do: <code>docs/operations.md</code>,
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

/// An instant on a page: relative, with the absolute one for whoever points at it.
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
