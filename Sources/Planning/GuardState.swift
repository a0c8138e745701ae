/// A guard that holds the daemon back just now, or no longer does.
public struct GuardState: Hashable, Sendable {
    /// Which guard.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// An endpoint is down: one probe at a time.
        case endpointDown = "endpoint_down"
        /// Numbers wait for the minute of an endpoint.
        case endpointLimit = "endpoint_limit"
        /// Fewer numbers may be exposed at once than the setting says.
        case exposureBudget = "exposure_budget"
        /// The daemon is stopping: nothing starts that exposes a number.
        case stopping
        /// The newest reading of the secrets lacks some that the desired state in force needs: earlier ones are kept.
        case secretsKept = "secrets_kept"
        /// The record of a number cannot be read, or the store refuses it: it is set aside for an hour.
        case unreadableRecord = "unreadable_record"
        /// The files cannot be watched: they are compared now and then.
        case filesPolled = "files_polled"
    }

    public let kind: Kind
    /// What it concerns: an endpoint, a number, or nothing.
    public let subject: String
    /// Since when it holds; nil when it no longer does.
    public let since: Instant?
    /// Until when it is expected to hold; nil when that is not known.
    public let until: Instant?
    /// How many numbers may be exposed at once, for the exposure budget.
    public let permitted: Int?
    /// Why, in words.
    public let detail: String

    public init(
        _ kind: Kind, subject: String = "", since: Instant?, until: Instant? = nil, permitted: Int? = nil,
        detail: String = ""
    ) {
        self.kind = kind
        self.subject = subject
        self.since = since
        self.until = until
        self.permitted = permitted
        self.detail = detail
    }
}
