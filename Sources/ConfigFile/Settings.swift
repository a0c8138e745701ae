public import Planning

/// The daemon's own settings. Every value has the default shown in the sample, so an empty file is valid.
public struct Settings: Sendable, Equatable {
    /// How much the log says.
    public enum LogLevel: String, Sendable, CaseIterable {
        case trace
        case debug
        case info
        case notice
        case warning
        case error
        case critical
    }

    /// What a line of the log looks like.
    public enum LogFormat: String, Sendable, CaseIterable {
        /// A message and `key=value`, for people.
        case text
        /// A JSON object a line.
        case json
    }

    /// What `/metrics` shows.
    public enum MetricsDetail: String, Sendable, CaseIterable {
        /// The fleet, and seven series for each number.
        case numbers
        /// The fleet alone: for more than some thousand numbers.
        case fleet
    }

    /// Limits; nil lifts one.
    public struct Limits: Sendable, Equatable {
        /// Requests a minute to one endpoint.
        public var requestsPerMinute = Policy.standard.requestsPerMinute
        /// Requests a minute of one observer; nil lifts the limit.
        public var observationsPerMinute = Policy.standard.observationsPerMinute
        /// Requests an hour to one number.
        public var writesPerHour = Policy.standard.writesPerHour
        /// Requests an hour to one number while it is exposed.
        public var writesPerHourExposed = Policy.standard.writesPerHourExposed
        /// Requests in flight at once.
        public var concurrency = Policy.standard.concurrency
        /// Numbers that are exposed by us at once.
        public var maxExposed = Policy.standard.maxExposed
        /// The share of managed numbers that one new file may disable or drop.
        public var maxWeakenedPercent = Policy.standard.maxWeakenedPercent

        public init() {}
    }

    /// Times.
    public struct Timing: Sendable, Equatable {
        /// The time that one request may take.
        public var requestTimeout = Policy.standard.requestTimeout
        /// How long a request without an answer may still land.
        public var settleDelay = Policy.standard.settleDelay
        /// The first backoff.
        public var backoffMin = Policy.standard.backoffMin
        /// The longest backoff.
        public var backoffMax = Policy.standard.backoffMax
        /// The longest backoff of an exposed number.
        public var backoffMaxExposed = Policy.standard.backoffMaxExposed
        /// How long a clean stop may take.
        public var shutdownGrace = Policy.standard.shutdownGrace

        public init() {}
    }

    /// Where the desired-state file is.
    public var desiredState = "/etc/twostepd/desired-state.yaml"
    /// The folder of the store, its fence and a generated key.
    public var stateDirectory = "/var/lib/twostepd"
    /// The folder of the control socket.
    public var runtimeDirectory = "/run/twostepd"
    /// The file of tokens and PINs; it may be missing.
    public var secrets = "/etc/twostepd/secrets.yaml"
    /// Where the key that seals PINs is.
    public var sealingKey = SealingKeySource.credential("twostepd-key")
    /// Where the status page is served.
    public var listen = Listen.address(host: "127.0.0.1", port: 9477)
    /// A PEM file of certificate authorities that are trusted beside the system's; nil for none.
    public var caFile: String?
    /// The HTTP proxy for everything but loopback; nil for none.
    public var proxy: ProxyAddress?
    public var logLevel = LogLevel.info
    public var logFormat = LogFormat.text
    /// Whether each number has metrics of its own.
    public var metrics = MetricsDetail.numbers
    /// How long requests and events are kept; nil for ever.
    public var keepChanges: Duration? = .seconds(400 * 86_400)
    public var limits = Limits()
    public var timing = Timing()
    /// Other systems that are told of what happens.
    public var hooks: [HookSettings] = []

    /// The defaults.
    public init() {}

    /// The path of the control socket.
    public var controlSocket: String { runtimeDirectory + "/" + Self.controlSocketName }

    /// The files whose changes count at once.
    public var watchedFiles: [String] { [desiredState, secrets] }

    static let controlSocketName = "control.sock"

    /// The limits and times as decisions obey them.
    ///
    /// - Parameter zones: the offsets of a time zone; those of this machine unless a test says otherwise.
    public func policy(
        zones: @escaping @Sendable (String) -> ZoneOffsets? = { try? SystemTimeZones.shared.offsets(of: $0) }
    ) -> Policy {
        var policy = Policy()
        policy.requestsPerMinute = limits.requestsPerMinute
        policy.observationsPerMinute = limits.observationsPerMinute
        policy.writesPerHour = limits.writesPerHour
        policy.writesPerHourExposed = limits.writesPerHourExposed
        policy.concurrency = limits.concurrency
        policy.maxExposed = limits.maxExposed
        policy.maxWeakenedPercent = limits.maxWeakenedPercent
        policy.requestTimeout = timing.requestTimeout
        policy.settleDelay = timing.settleDelay
        policy.backoffMin = timing.backoffMin
        policy.backoffMax = timing.backoffMax
        policy.backoffMaxExposed = timing.backoffMaxExposed
        policy.shutdownGrace = timing.shutdownGrace
        policy.zones = zones
        return policy
    }
}

/// Where an HTTP proxy listens.
public struct ProxyAddress: Sendable, Equatable {
    /// A name or an address; an IPv6 address without brackets.
    public let host: String
    public let port: Int
}

/// Where the key that seals PINs is.
public enum SealingKeySource: Sendable, Equatable {
    /// A file of this name in `$CREDENTIALS_DIRECTORY`.
    case credential(String)
    /// A file at this absolute path.
    case file(String)

    /// In words for people, with the name or the path.
    public var text: String {
        switch self {
        case .credential(let name): "credential \(name)"
        case .file(let path): path
        }
    }
}
