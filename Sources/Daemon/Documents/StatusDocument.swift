public import Planning
public import Storage

/// `status`: the daemon, the desired state in force, and how every number stands.
public struct StatusDocument: Encodable, Sendable {
    /// The daemon that works on this store.
    public struct DaemonState: Encodable, Sendable {
        public let running: Bool
        public let pid: Nullable<Int32>
        public let since: Nullable<String>
    }

    /// The desired state in force.
    public struct DesiredStateInForce: Encodable, Sendable {
        public let revision: Nullable<Int>
        public let sha256: Nullable<String>
        public let loadedAt: Nullable<String>
        /// Whether the file, when it was last read, was valid and taken into force.
        public let valid: Bool
        /// The SHA-256 of the file that waits for `accept`.
        public let heldRevision: Nullable<String>
    }

    /// One number.
    public struct Number: Encodable, Sendable {
        public let number: String
        public let label: Nullable<String>
        public let desired: Nullable<String>
        public let belief: [String]
        public let certain: Bool
        public let condition: String
        public let reason: String
        public let pinGeneration: Nullable<Int>
        public let appliedAt: Nullable<String>
        public let rotatedAt: Nullable<String>
        public let nextAction: Nullable<String>
        public let nextActionAt: Nullable<String>
        public let attempts: Int
        public let lastError: Nullable<String>
    }

    public let version = 1
    public let at: String
    public let daemon: DaemonState
    public let desiredState: DesiredStateInForce
    public let numbers: [Number]

    private enum CodingKeys: String, CodingKey {
        case version, at, daemon, desiredState, numbers
    }

    /// The status at `at`.
    ///
    /// - Parameters:
    ///   - at: when it was looked at.
    ///   - holder: who works on the store, if anybody does.
    ///   - inForce: what the store says of the desired state; nil when there is no store yet.
    ///   - standings: the numbers to show, in order.
    public init(at: Instant, holder: LockHolder?, inForce: DesiredStateStatus?, standings: [Standing]) {
        self.at = at.description
        let isDaemon = holder?.command == "run"
        daemon = DaemonState(
            running: isDaemon, pid: Nullable(isDaemon ? holder?.pid : nil),
            since: Nullable(isDaemon ? holder?.since?.description : nil)
        )
        desiredState = DesiredStateInForce(
            revision: Nullable(inForce?.revision), sha256: Nullable(inForce?.sha256),
            loadedAt: Nullable(inForce?.loadedAt?.description), valid: inForce?.isValid ?? false,
            heldRevision: Nullable(inForce?.held?.sha256)
        )
        numbers = standings.map(\.document)
    }
}
