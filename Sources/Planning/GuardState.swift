/// The state of a guard that may hold the daemon back.
public struct GuardState: Hashable, Sendable {
    /// The kind of guard.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// An endpoint is down: one probe at a time is sent.
        case endpointDown = "endpoint_down"
        /// Numbers wait for the requests a minute of an endpoint.
        case endpointLimit = "endpoint_limit"
        /// Fewer numbers may be exposed at once than the setting permits.
        case exposureBudget = "exposure_budget"
        /// The daemon is stopping: nothing starts that exposes a number.
        case stopping
        /// The newest reading of the secrets lacks some that the desired state in force needs: the earlier values are
        /// kept.
        case secretsKept = "secrets_kept"
        /// The record of a number cannot be read, or the store refuses it: it is set aside for an hour.
        case unreadableRecord = "unreadable_record"
        /// The files cannot be watched: they are compared at intervals.
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
