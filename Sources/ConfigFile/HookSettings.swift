public import Planning

/// The settings of a hook: another system that receives notifications.
public struct HookSettings: Sendable, Equatable {
    /// The receiver of the notifications.
    public enum Target: Sendable, Equatable {
        /// An HTTP POST to this URL.
        case url(String)
        /// An HTTP POST to the URL stored as the secret of this name: the webhook URLs of chat tools are credentials.
        case secretURL(String)
        /// A program, given by its absolute path, and its arguments; it reads the notification from standard input.
        case command([String])
    }

    public let name: String
    /// The kinds of notifications that the hook receives; at least one.
    public let kinds: Set<HookKind>
    public let target: Target
    /// The name of the secret that signs the posted body; nil for no signature.
    public let signingSecret: String?
    /// The body to post, with placeholders such as `{{word}}`; nil for the JSON document.
    public let template: String?
    /// A text that means failure in an answer with a 2xx status; nil when the status alone decides.
    public let failureText: String?
    /// True when the program receives the new PIN with `rotated`.
    public let includesPIN: Bool
    /// The timeout of one attempt.
    public let timeout: Duration

    /// The names of the secrets that the hook needs.
    public var secretNames: [String] {
        let url: String? = if case .secretURL(let name) = target { name } else { nil }
        return [url, signingSecret].compactMap(\.self)
    }

    /// The maximum of hooks.
    static let maxCount = 20
    static let defaultTimeout: Duration = .seconds(10)

    /// The placeholders that a template may contain.
    public static let templateVariables = ["kind", "at", "number", "label", "detail", "summary", "id"]

    /// Returns `template` with each placeholder `{{word}}` replaced by its value, escaped for a JSON string.
    ///
    /// - Returns: nil when the template contains an unknown placeholder.
    public static func fill(_ template: String, _ value: (String) -> String) -> String? {
        var result = ""
        var rest = template[...]
        while let open = rest.firstRange(of: "{{") {
            guard let close = rest[open.upperBound...].firstRange(of: "}}") else { return nil }
            let word = rest[open.upperBound..<close.lowerBound].filter { $0 != " " }
            guard templateVariables.contains(word) else { return nil }
            result += rest[..<open.lowerBound]
            result += escaped(value(word))
            rest = rest[close.upperBound...]
        }
        return result + rest
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case _ where scalar.value < 32: result += " "
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

enum HookKey: String, FieldKey {
    case name
    case on
    case url
    case urlSecret = "url_secret"
    case command
    case signingSecret = "signing_secret"
    case template
    case failureText = "failure_text"
    case includePIN = "include_pin"
    case timeout
}
