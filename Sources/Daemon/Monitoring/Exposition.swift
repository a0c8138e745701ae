/// Metrics as text, in the format of Prometheus (0.0.4) or in OpenMetrics (1.0.0).
///
/// Source of the forms: "Exposition formats", Prometheus documentation; "OpenMetrics", RFC draft of the CNCF.
struct Exposition {
    enum Format: Sendable {
        case prometheus
        case openMetrics

        var contentType: String {
            switch self {
            case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
            case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
        }
    }

    enum Kind: String {
        case counter
        case gauge
        case histogram
        case info
    }

    /// One value with its labels, in the order in which they are written.
    struct Sample {
        var labels: [(name: String, value: String)] = []
        var value: Double
    }

    private let format: Format
    private var lines: [String] = []

    init(_ format: Format) { self.format = format }

    /// The whole text.
    var text: String {
        (lines + (format == .openMetrics ? ["# EOF"] : [])).joined(separator: "\n")
    }

    /// Adds a family of counters, gauges or an info. The name is without `_total` and `_info`.
    mutating func add(_ kind: Kind, _ name: String, _ help: String, _ samples: [Sample]) {
        let suffix =
            switch kind {
            case .counter: "_total"
            case .info: "_info"
            case .gauge, .histogram: ""
            }
        head(kind, name, suffix: suffix, help)
        for sample in samples { lines.append(Self.line(name + suffix, sample)) }
    }

    /// Adds a histogram with the same labels on each of its lines.
    mutating func add(_ name: String, _ help: String, _ histograms: [([(name: String, value: String)], Histogram)]) {
        head(.histogram, name, suffix: "", help)
        for (labels, histogram) in histograms {
            for (bound, count) in zip(histogram.bounds.map(Self.number) + ["+Inf"], histogram.cumulative) {
                lines.append(
                    Self.line(name + "_bucket", Sample(labels: labels + [("le", bound)], value: Double(count))))
            }
            lines.append(Self.line(name + "_sum", Sample(labels: labels, value: histogram.sum)))
            lines.append(Self.line(name + "_count", Sample(labels: labels, value: Double(histogram.count))))
        }
    }

    private mutating func head(_ kind: Kind, _ name: String, suffix: String, _ help: String) {
        switch format {
        case .prometheus:
            // In this format an info is a gauge, and a family has the name of its samples.
            lines.append("# HELP \(name)\(suffix) \(help)")
            lines.append("# TYPE \(name)\(suffix) \(kind == .info ? "gauge" : kind.rawValue)")
        case .openMetrics:
            lines.append("# TYPE \(name) \(kind.rawValue)")
            for unit in ["seconds", "bytes"] where name.hasSuffix("_" + unit) {
                lines.append("# UNIT \(name) \(unit)")
            }
            lines.append("# HELP \(name) \(help)")
        }
    }

    private static func line(_ name: String, _ sample: Sample) -> String {
        guard !sample.labels.isEmpty else { return "\(name) \(number(sample.value))" }
        let labels = sample.labels.map { "\($0.name)=\"\(escaped($0.value))\"" }.joined(separator: ",")
        return "\(name){\(labels)} \(number(sample.value))"
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}

/// Observations counted by size.
struct Histogram: Sendable {
    /// The upper bounds of the buckets, ascending; the last bucket has no bound.
    let bounds: [Double]
    private(set) var counts: [Int]
    private(set) var sum = 0.0

    init(bounds: [Double]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    var count: Int { counts.reduce(0, +) }

    /// The count of observations up to each bound, and that of all observations.
    var cumulative: [Int] {
        var total = 0
        return counts.map { count in
            total += count
            return total
        }
    }

    mutating func observe(_ value: Double) {
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        sum += value
    }
}
