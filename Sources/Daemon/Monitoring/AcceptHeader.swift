/// The `Accept` header of a request: media types and their preference (RFC 9110, section 12.5.1).
struct AcceptHeader {
    /// The limit of media ranges that are read; those after them are ignored.
    private static let maxRanges = 32

    private struct Range {
        let type: Substring
        /// The parameters without the quality.
        let parameters: [String: String]
        let quality: Double
    }

    private let ranges: [Range]

    /// - Parameter text: the header's value. Ranges in it that cannot be read are ignored.
    init(_ text: String) {
        ranges = text.split(separator: ",").prefix(Self.maxRanges).compactMap { Self.range($0) }
    }

    private static func range(_ text: Substring) -> Range? {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false).map { trimmed($0) }
        guard let type = parts.first, type.contains("/") else { return nil }
        var parameters: [String: String] = [:]
        for part in parts.dropFirst() {
            guard let equals = part.firstIndex(of: "=") else { continue }
            let value = part[part.index(after: equals)...].filter { $0 != "\"" }
            parameters[trimmed(part[..<equals]).lowercased()] = String(trimmed(value[...]))
        }
        let weight = parameters.removeValue(forKey: "q") ?? "1"
        guard weight.utf8.count <= 5, let quality = Double(weight), (0...1).contains(quality) else { return nil }
        return Range(type: Substring(type.lowercased()), parameters: parameters, quality: quality)
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let start = text.drop { $0 == " " || $0 == "\t" }
        return start[
            ..<(start.lastIndex { $0 != " " && $0 != "\t" }.map { start.index(after: $0) } ?? start.startIndex)]
    }

    /// Returns the quality of a type that the header names itself, in the given version or in any: the best of those
    /// ranges; nil when it names none.
    func quality(ofNamed type: String, version: String) -> Double? {
        ranges.filter { range in
            range.type == type && (range.parameters["version"].map { $0 == version } ?? true)
        }.map(\.quality).max()
    }

    /// Returns the quality of a type by the most specific range that contains it; 0 when no range does.
    func quality(of type: String, version: String) -> Double {
        if let named = quality(ofNamed: type, version: version) { return named }
        let group = type.prefix { $0 != "/" } + "/*"
        for wildcard in [group, "*/*"] {
            if let range = ranges.first(where: { $0.type == wildcard }) { return range.quality }
        }
        return 0
    }
}

extension Exposition.Format {
    /// Makes the preferred format: OpenMetrics when the header names it with at least the quality of the older format.
    init(accept: String?) {
        let header = AcceptHeader(accept ?? "")
        guard let open = header.quality(ofNamed: "application/openmetrics-text", version: "1.0.0"), open > 0,
            open >= header.quality(of: "text/plain", version: "0.0.4")
        else {
            self = .prometheus
            return
        }
        self = .openMetrics
    }
}
