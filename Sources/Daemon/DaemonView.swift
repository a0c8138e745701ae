public import ConfigFile
import Planning
import Storage

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

    /// Limits of the process, and their use.
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
    /// Where it has read its settings; nil when that is not known.
    public var settingsPath: String?
    public var secrets: Secrets
    /// Files that it reads at the start alone, and that were written since.
    public var outdated: [String]
    public var endpointsDown: [Trouble]
    /// The address that the page and the metrics are served at; nil when they are off.
    public var listener: String?
    /// Why a server of its own does not run.
    public var serverTroubles: [Trouble]
    public var limits: Limits
    /// The newest errors of its log, newest first.
    public var failures: [Trouble]
}

extension DaemonView {
    /// The daemon that works on the store of `settings`, when that store is not where they say: its folder was moved,
    /// unmounted or replaced while it ran, so that nobody holds the lock there. Nil when there is no such daemon.
    public static func astray(_ settings: Settings) async -> DaemonView? {
        let location = StoreLocation(directory: settings.stateDirectory)
        // A lock that this user may not look at is not known to be free.
        let holder: LockHolder?
        do { holder = try StoreLock.holder(at: location) } catch { return nil }
        return holder == nil ? await answering(settings) : nil
    }

    /// The servers of the daemon that do not run.
    public static func serverTroubles(_ settings: Settings) async -> [Trouble] {
        await answering(settings)?.serverTroubles ?? []
    }

    /// The daemon whose own store is the one that `settings` name, as far as it can be asked in a moment: a status waits no longer.
    private static func answering(_ settings: Settings) async -> DaemonView? {
        let client = ControlClient(settings)
        guard client.isAnswered, let view = try? await client.view(within: .seconds(2)),
            view.stateDirectory == settings.stateDirectory
        else { return nil }
        return view
    }

    /// Problem and advice for a daemon whose store is not where its settings say.
    public static func astraySentence(_ directory: String) -> String {
        "it works on a store that is NOT IN \(directory) any more: the folder was moved, unmounted or replaced; stop the daemon, "
            + "put the folder back, and start it again"
    }
}
