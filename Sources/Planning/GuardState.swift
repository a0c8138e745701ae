/// The state of a guard that may hold the daemon back.
public struct GuardState: Hashable, Sendable {
    /// The kind of guard.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// An endpoint is down since then.
        case endpointDown = "endpoint_down"
        /// Numbers wait for the rate limit of an endpoint, until the instant in `until`.
        case endpointLimit = "endpoint_limit"
        /// Fewer numbers may be exposed at once than `max_exposed` permits.
        case exposureBudget = "exposure_budget"
        /// The daemon is stopping: nothing starts that exposes a number.
        case stopping
        /// The newest reading of the secrets lacks tokens or PINs that the desired state in force needs: those of an
        /// earlier reading are kept in memory.
        case secretsKept = "secrets_kept"
        /// The record of the number that is named cannot be read or written; everything else goes on.
        case unreadableRecord = "unreadable_record"
        /// The desired state and the secrets cannot be watched, as `detail` says: they are compared every 30 seconds.
        case filesPolled = "files_polled"
    }

    public let kind: Kind
    /// The endpoint or number that the guard concerns; empty when it concerns neither.
    public let subject: String
    /// The time since which the guard holds; nil when it no longer does.
    public let since: Instant?
    /// The time until which the guard is expected to hold; nil when that is not known.
    public let until: Instant?
    /// The count of numbers that may be exposed at once, for the exposure budget.
    public let permitted: Int?
    /// The reason, in words.
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
