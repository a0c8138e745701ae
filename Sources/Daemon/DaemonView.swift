import Planning

/// `GET /v1/daemon` on the control socket: what the running daemon has and sees, which the files on the disk cannot say.
public struct DaemonView: Codable, Sendable {
    /// The secrets that it holds, without their values.
    public struct Secrets: Codable, Sendable {
        /// Where it has read them.
        public var path: String
        /// Whether the service manager handed them over at the start, so that only a restart gives it others.
        public var handedOver: Bool
        /// The names of those that are kept from an earlier reading.
        public var kept: [String]
    }

    /// Something that fails or failed.
    public struct Trouble: Codable, Sendable {
        public var subject: String
        /// Since when, or when; RFC 3339.
        public var at: String
        public var detail: String
    }

    /// What the process may use, and uses.
    public struct Limits: Codable, Sendable {
        public var openFiles: UInt64
        public var openFilesNeeded: UInt64
        public var openFilesUsed: Int
    }

    public var version = 1
    public var pid: Int32
    public var release: String
    public var stateDirectory: String
    /// When it started, RFC 3339.
    public var since: String
    /// The line that the service manager is given.
    public var status: String
    public var secrets: Secrets
    /// Files that it reads at the start alone, and that were written since.
    public var outdated: [String]
    public var endpointsDown: [Trouble]
    /// The address that the page and the metrics are served at; nil when they are off.
    public var listener: String?
    /// Why a server of its own does not run.
    public var serverTroubles: [Trouble]
    public var watchesFiles: Bool
    public var limits: Limits
    /// The newest errors of its log, newest first.
    public var failures: [Trouble]
}
