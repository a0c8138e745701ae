/// Counts by day as an SVG, with a table of the same for whoever does not see it.
struct BarChart {
    struct Bar {
        let label: String
        let good: Int
        let bad: Int
    }

    let title: String
    let bars: [Bar]
    /// What the two parts of a bar count.
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

    /// A bar that is not nothing is seen.
    private static func scaled(_ count: Int, _ most: Int) -> Int {
        count == 0 ? 0 : max(2, count * (height - 4) / most)
    }
}
