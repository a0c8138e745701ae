public import ConfigFile
import Planning
import Storage

/// `GET /v1/daemon` on the control socket: the running daemon's own view, which the files on disk cannot show.
public struct DaemonView: Codable, Sendable {
    /// The secrets that the daemon holds, without their values.
    public struct Secrets: Codable, Sendable {
        /// The file that they were read from.
        public var path: String
        /// True when the service manager handed the secrets over at the start, so that only a restart replaces them.
        public var handedOver: Bool
        /// The names of secrets that are kept from an earlier reading.
        public var kept: [String]
    }

    /// A problem that persists or occurred.
    public struct Trouble: Codable, Sendable {
        public var subject: String
        /// The instant of the problem or of its beginning, RFC 3339.
        public var at: String
        public var detail: String
    }

    /// The limits of the process, and their use.
    public struct Limits: Codable, Sendable {
        public var openFiles: UInt64
        public var openFilesNeeded: UInt64
        public var openFilesUsed: Int
    }

    public var version = 1
    public var pid: Int32
    public var release: String
    public var stateDirectory: String
    /// The instant of the start, RFC 3339.
    public var since: String
    /// The status line that the service manager shows.
    public var status: String
    /// The file that the settings were read from; nil when that is not known.
    public var settingsPath: String?
    public var secrets: Secrets
    /// Files that are read only at the start, and that were written since.
    public var outdated: [String]
    public var endpointsDown: [Trouble]
    /// The address that the page and the metrics are served at; nil when they are off.
    public var listener: String?
    /// The daemon's own servers that do not run, with the reasons.
    public var serverTroubles: [Trouble]
    public var limits: Limits
    /// The newest errors of the log, newest first.
    public var failures: [Trouble]
}

extension DaemonView {
    /// The command that restarts the service of this daemon.
    public var restartCommand: String { "systemctl restart \(ServiceUnit.name(for: stateDirectory))" }

    /// The daemon that works on the store of `settings`, when that store is not at the configured path: its folder was
    /// moved, unmounted or replaced while the daemon ran, so that no process holds the lock there. Nil when there is no
    /// such daemon.
    public static func astray(_ settings: Settings) async -> DaemonView? {
        let location = StoreLocation(directory: settings.stateDirectory)
        // A lock that this user may not inspect is not known to be free.
        let holder: LockHolder?
        do { holder = try StoreLock.holder(at: location) } catch { return nil }
        return holder == nil ? await answering(settings) : nil
    }

    /// The servers of the daemon that do not run.
    public static func serverTroubles(_ settings: Settings) async -> [Trouble] {
        await answering(settings)?.serverTroubles ?? []
    }

    /// The daemon whose own store is the one that `settings` name; nil when it does not answer within two seconds,
    /// because a status must not wait longer.
    private static func answering(_ settings: Settings) async -> DaemonView? {
        let client = ControlClient(settings)
        guard client.isAnswered, let view = try? await client.view(within: .seconds(2)),
            view.stateDirectory == settings.stateDirectory
        else { return nil }
        return view
    }

    /// The problem and the advice for a daemon whose store is not at the configured path.
    public static func astraySentence(_ directory: String) -> String {
        "it works on a store that is NO LONGER IN \(directory): the folder was moved, unmounted or replaced; stop the "
            + "daemon, put the folder back, and start it again"
    }
}
