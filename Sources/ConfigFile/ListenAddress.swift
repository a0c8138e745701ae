import Planning

/// The address of the status page, health and metrics: on loopback, or off.
public enum ListenAddress: Sendable, Equatable {
    /// Nothing is served.
    case off
    /// A loopback host (`127.0.0.0/8`, `::1` without brackets, or `localhost`) and a port; port 0 takes a free one.
    case address(host: String, port: Int)

    /// The reason why a text is not such an address.
    enum Refusal: Error {
        case shape
        case notLoopback(String)
    }

    /// Reads `off` or `host:port`; an IPv6 host must be in brackets.
    init(parsing text: String) throws(Refusal) {
        if text == "off" {
            self = .off
            return
        }
        guard let colon = text.lastIndex(of: ":") else { throw .shape }
        var host = String(text[..<colon])
        let digits = text[text.index(after: colon)...]
        guard !host.isEmpty, (1...5).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = Int(digits), port <= 65_535
        else { throw .shape }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            throw .shape
        }
        guard LoopbackHost.contains(host) else { throw .notLoopback(host) }
        self = .address(host: host.lowercased(), port: port)
    }

    /// The form in the settings file.
    public var text: String {
        switch self {
        case .off: "off"
        case .address(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
    }
}
