public import Planning

/// The daemon's own settings. Every value has the default shown in the sample, so an empty file is valid.
public struct Settings: Sendable, Equatable {
    /// The lowest level of messages in the log.
    public enum LogLevel: String, Sendable, CaseIterable {
        case trace
        case debug
        case info
        case notice
        case warning
        case error
        case critical
    }

    /// The format of a line of the log.
    public enum LogFormat: String, Sendable, CaseIterable {
        /// A message and `key=value` pairs.
        case text
        /// One JSON object per line.
        case json
    }

    /// The detail of `/metrics`.
    public enum MetricsDetail: String, Sendable, CaseIterable {
        /// The fleet, and seven series for each number.
        case numbers
        /// The fleet alone: for more than some thousand numbers.
        case fleet
    }

    /// The limits; nil lifts one.
    public struct Limits: Sendable, Equatable {
        /// The maximum of requests a minute to one endpoint.
        public var requestsPerMinute = Policy.standard.requestsPerMinute
        /// The maximum of requests a minute of one observer.
        public var observationsPerMinute = Policy.standard.observationsPerMinute
        /// The maximum of requests an hour to one number.
        public var writesPerHour = Policy.standard.writesPerHour
        /// The maximum of requests an hour to one number while it is exposed.
        public var writesPerHourExposed = Policy.standard.writesPerHourExposed
        /// The maximum of requests in flight at once.
        public var concurrency = Policy.standard.concurrency
        /// The maximum of numbers that are exposed by us at once.
        public var maxExposed = Policy.standard.maxExposed
        /// The maximum share of managed numbers that one new file may disable or drop, in percent.
        public var maxWeakenedPercent = Policy.standard.maxWeakenedPercent

        public init() {}
    }

    /// The times.
    public struct Timing: Sendable, Equatable {
        /// The timeout of one request.
        public var requestTimeout = Policy.standard.requestTimeout
        /// The time during which a request without an answer may still land.
        public var settleDelay = Policy.standard.settleDelay
        /// The first backoff.
        public var backoffMin = Policy.standard.backoffMin
        /// The longest backoff.
        public var backoffMax = Policy.standard.backoffMax
        /// The longest backoff of an exposed number.
        public var backoffMaxExposed = Policy.standard.backoffMaxExposed
        /// The maximum duration of a clean stop.
        public var shutdownGrace = Policy.standard.shutdownGrace

        public init() {}
    }

    /// The path of the desired-state file.
    public var desiredState = "/etc/twostepd/desired-state.yaml"
    /// The folder of the store, its fence and a generated key.
    public var stateDirectory = "/var/lib/twostepd"
    /// The folder of the control socket.
    public var runtimeDirectory = "/run/twostepd"
    /// The file of tokens and PINs; it may be missing.
    public var secrets = "/etc/twostepd/secrets.yaml"
    /// The place of the key that seals PINs.
    public var sealingKey = SealingKeySource.credential("twostepd-key")
    /// The address of the status page.
    public var listen = ListenAddress.address(host: "127.0.0.1", port: 9477)
    /// A PEM file of certificate authorities that are trusted in addition to the system's; nil for none.
    public var caFile: String?
    /// The HTTP proxy for everything but loopback; nil for none.
    public var proxy: ProxyAddress?
    public var logLevel = LogLevel.info
    public var logFormat = LogFormat.text
    /// The detail of the metrics.
    public var metrics = MetricsDetail.numbers
    /// The age up to which requests and events are kept; nil for ever.
    public var keepChanges: Duration? = .seconds(400 * 86_400)
    public var limits = Limits()
    public var timing = Timing()
    /// The other systems that receive notifications.
    public var hooks: [HookSettings] = []

    /// Creates the default settings.
    public init() {}

    /// The path of the control socket.
    public var controlSocket: String { runtimeDirectory + "/" + Self.controlSocketName }

    /// The files whose changes take effect at once.
    public var watchedFiles: [String] { [desiredState, secrets] }

    static let controlSocketName = "control.sock"

    /// Returns the limits and times as a policy for the planner.
    ///
    /// - Parameter zones: returns the offsets of a time zone; by default those of this machine, for tests others.
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

/// The address of an HTTP proxy.
public struct ProxyAddress: Sendable, Equatable {
    /// A name or an address; an IPv6 address without brackets.
    public let host: String
    public let port: Int
}

/// The place of the key that seals PINs.
public enum SealingKeySource: Sendable, Equatable {
    /// A file of this name in `$CREDENTIALS_DIRECTORY`.
    case credential(String)
    /// A file at this absolute path.
    case file(String)

    /// The place in words, with the name or the path.
    public var text: String {
        switch self {
        case .credential(let name): "credential \(name)"
        case .file(let path): path
        }
    }
}
