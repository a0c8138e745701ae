import Foundation
import Planning

/// Reads the endpoint of a vendor's API.
enum EndpointText {
    /// An accepted endpoint, and whether it is on this machine.
    struct Accepted {
        let endpoint: Endpoint
        let isLoopback: Bool
        /// True when the URL has a query, so that no path can be appended.
        var hasQuery = false

        /// The endpoint as a base URL, to which a number's id is appended, without a slash at its end; nil when it
        /// cannot be one.
        var base: Endpoint? {
            guard case .url(let text) = endpoint, !hasQuery else { return nil }
            return text.utf8.last == UInt8(ascii: "/") ? .url(String(text.dropLast())) : endpoint
        }
    }

    /// The reason why a text is not an endpoint.
    struct Refusal: Error {
        let message: String
        let hint: String?
        /// True when the text holds a password, and must not be shown.
        var isSecret = false
    }

    /// The maximum length of a URL, in bytes.
    static let maxLength = 2048

    /// Reads `v4`, `legacy`, an https URL, or an http URL to loopback.
    static func read(_ text: String) throws(Refusal) -> Accepted {
        switch text {
        case "v4": return Accepted(endpoint: .v4, isLoopback: false)
        case "legacy": return Accepted(endpoint: .legacy, isLoopback: false)
        default: break
        }
        guard text.contains("://") else {
            throw Refusal(
                message: "\(VisibleText.quoted(text)) is not an endpoint",
                hint: NearestName.hint(for: text, among: ["v4", "legacy"]) ?? "write v4, legacy or an https URL")
        }
        guard text.utf8.count <= maxLength, text.utf8.allSatisfy({ (33...126).contains($0) }),
            let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased()
        else {
            throw Refusal(message: "this is not a URL", hint: "write it as https://host/path, without spaces")
        }
        guard parts.user == nil, parts.password == nil else {
            throw Refusal(
                message: "an endpoint's URL must not contain a user name or a password",
                hint: "the token is all that the vendor asks for", isSecret: true)
        }
        guard parts.fragment == nil else {
            throw Refusal(
                message: "an endpoint's URL must not contain a fragment ('#'), which is never sent", hint: nil)
        }
        guard let host = parts.host, !host.isEmpty, parts.port.map({ (1...65_535).contains($0) }) ?? true else {
            throw Refusal(message: "this URL has no valid host and port", hint: "write it as https://host/path")
        }
        let isLoopback = LoopbackHost.contains(host)
        switch scheme {
        case "https": break
        case "http" where isLoopback: break
        case "http":
            throw Refusal(
                message: "http would send the token unencrypted", hint: "write https; http is for loopback only")
        default: throw Refusal(message: "unknown scheme \(VisibleText.quoted(scheme))", hint: "write https://")
        }
        return Accepted(endpoint: .url(text), isLoopback: isLoopback, hasQuery: parts.query != nil)
    }
}
