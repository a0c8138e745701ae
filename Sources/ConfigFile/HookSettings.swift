public import Planning

/// Another system that is told of what happens.
public struct HookSettings: Sendable, Equatable {
    /// Where it is told.
    public enum Target: Sendable, Equatable {
        /// An HTTP POST to this URL.
        case url(String)
        /// An HTTP POST to the URL that is the secret of this name: chat tools give out URLs that are credentials.
        case secretURL(String)
        /// A program, by its absolute path, and its arguments; it gets the word on standard input.
        case command([String])
    }

    public let name: String
    /// What it is told of; at least one.
    public let kinds: Set<HookKind>
    public let target: Target
    /// The name of the secret that signs what is posted; nil for none.
    public let signingSecret: String?
    /// The body of what is posted, with `{{word}}`s; nil for the JSON document.
    public let template: String?
    /// A text that means failure in an answer with a status of 2xx; nil when the status says everything.
    public let failureText: String?
    /// Whether the program gets the new PIN with `rotated`.
    public let includesPIN: Bool
    /// How long one try may take.
    public let timeout: Duration

    /// The names of the secrets that it needs.
    public var secretNames: [String] {
        let url: String? = if case .secretURL(let name) = target { name } else { nil }
        return [url, signingSecret].compactMap(\.self)
    }

    /// The most hooks.
    static let most = 20
    static let defaultTimeout: Duration = .seconds(10)

    /// What a template may name.
    public static let templateWords = ["kind", "at", "number", "label", "detail", "summary", "id"]

    /// `template` with each `{{word}}` replaced by what `value` gives for it, as text inside a JSON string.
    ///
    /// - Returns: nil when the template names a word that there is not.
    public static func fill(_ template: String, _ value: (String) -> String) -> String? {
        var result = ""
        var rest = template[...]
        while let open = rest.firstRange(of: "{{") {
            guard let close = rest[open.upperBound...].firstRange(of: "}}") else { return nil }
            let word = rest[open.upperBound..<close.lowerBound].filter { $0 != " " }
            guard templateWords.contains(word) else { return nil }
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
