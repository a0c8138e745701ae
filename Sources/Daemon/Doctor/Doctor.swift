public import ConfigFile
import Files
public import Planning
import Storage
import Vendors

/// Checks everything that the daemon depends on. It changes nothing, and sends only requests that read.
public struct Doctor: Sendable {
    let settings: Settings
    let settingsPath: String
    let environment: [String: String]
    let now: Instant

    var location: StoreLocation { StoreLocation(directory: settings.stateDirectory) }

    /// - Parameters:
    ///   - settings: valid settings.
    ///   - settingsPath: the file that they came from.
    ///   - environment: the process's environment.
    ///   - now: the wall clock.
    public init(settings: Settings, settingsPath: String, environment: [String: String], now: Instant) {
        self.settings = settings
        self.settingsPath = settingsPath
        self.environment = environment
        self.now = now
    }

    /// Runs all checks, one after the other.
    public func examine() async -> Diagnosis {
        let secrets = SecretSources.read(settings: settings, environment: environment)
        let desired = DesiredStateReader.read(
            path: settings.desiredState, secrets: secrets.value, references: .required)
        let key = secrets.value.map { findKey($0) }
        return Diagnosis([
            configuration(desired, secrets),
            Finding("state directory", [directory(), files()]),
            Finding("sealing key", keyFindings(key)),
            Finding("store", storeFindings(key)),
            Finding("time", [clock()] + clockMark() + [timeZones(desired.value)]),
            Finding("disk", disk()),
            Finding("endpoints", await endpoints(desired.value)),
            Finding("observers", await observers(desired.value, secrets.value)),
            Finding("service", service()),
            Finding("daemon", await daemon()),
            Finding("limits", limits()),
        ])
    }

    // MARK: - Configuration

    private func configuration(_ desired: Reading<DesiredState>, _ secrets: Reading<SecretSources>) -> Finding {
        var parts = [Finding("settings", .ok, settingsPath)]
        parts += [settingsPath, settings.desiredState].compactMap(writers)
        parts += credentials()
        parts += secrets.problems.map { Self.finding("secrets", $0) }
        parts += desired.problems.map { Self.finding("desired state", $0) }
        if let state = desired.value {
            parts.append(
                Finding("desired state", .ok, "\(settings.desiredState): \(state.numbers.count.counted("number"))"))
            if secrets.value != nil {
                parts.append(Finding("secrets", .ok, "every token and PIN of the desired state was found"))
            }
        }
        return Finding("configuration", parts)
    }

    private static func finding(_ name: String, _ problem: ConfigProblem) -> Finding {
        Finding(
            name, problem.severity == .error ? .failure : .warning, problem.summary,
            advice: problem.hint ?? "see `twostepd check`, which shows the place")
    }

    /// Reports on the credentials of this process or of the packaged service, and on the file that the service gets as
    /// one: systemd reads it anew at the next start, and does not start the service when it is too large.
    private func credentials() -> [Finding] {
        let given = Credentials(environment: environment) ?? Credentials(folder: "/run/credentials/twostepd.service")
        guard let given else { return [] }
        // Files that are missing or cannot be inspected are reported by other checks.
        let source = (try? FileStatus.of(settings.secrets))?.size ?? 0
        let size = max(given.bytes, source)
        let text = "\((size + 1023) >> 10) KiB of the 1024 KiB that all credentials of a service may have together"
        guard size > Credentials.warningSize else { return [Finding("credentials", .ok, text)] }
        return [
            Finding(
                "credentials", size > Credentials.limit ? .failure : .warning,
                text + (size > Credentials.limit ? ": the service will not start again (status 243)" : ""),
                advice: "let the service read secrets.yaml itself: see 'Credentials' in docs/install.md")
        ]
    }

    /// Warns of a file that everybody may write: a user who edits it can switch two-step verification off.
    private func writers(_ path: String) -> Finding? {
        // A file that cannot be inspected is reported by the check that reads it.
        guard let status = try? FileStatus.of(path), status.mode & 0o002 != 0 else { return nil }
        return Finding(
            "permissions", .warning, "everyone can write to \(path), and so switch verification off",
            advice: "chmod o-w \(path)")
    }

    // MARK: - State directory

    private func directory() -> Finding {
        // A directory that cannot be inspected is reported as missing.
        guard let status = try? FileStatus.of(settings.stateDirectory) else {
            return Finding(
                "directory", .warning, "\(settings.stateDirectory) does not exist: the first start creates it",
                advice: "start the daemon as the user that should own it")
        }
        let mode = status.mode & 0o777
        do throws(StorageError) {
            try location.checkDirectory()
        } catch {
            return Finding(
                "directory", .failure, error.description,
                advice: "correct what the message names, and run `twostepd doctor` again")
        }
        guard mode & 0o077 == 0 else {
            return Finding(
                "directory", .warning, "other users can access \(settings.stateDirectory) (mode \(Self.octal(mode)))",
                advice: "chmod 0700 \(settings.stateDirectory)")
        }
        return Finding("directory", .ok, "\(settings.stateDirectory), mode \(Self.octal(mode))")
    }

    private func files() -> Finding {
        let paths = [location.database, location.database + "-wal", location.key, location.fence, location.lock]
        // Files that are missing or cannot be inspected are reported by other checks.
        let files = paths.compactMap { path in
            (try? FileStatus.of(path, followingLinks: false)).map { (path: path, status: $0) }
        }
        let open = files.filter { $0.status.mode & 0o077 != 0 }
        guard open.isEmpty else {
            return Finding(
                "files", .failure, "other users can read \(open.map(\.path).joined(separator: ", "))",
                advice: "chmod 0600 them, and rotate the secrets in them: others may have read those")
        }
        let owner = (try? FileStatus.of(location.directory))?.owner  // As above.
        let strangers = files.filter { owner != nil && $0.status.owner != owner }
        guard strangers.isEmpty else {
            return Finding(
                "files", .failure,
                "not owned by the folder's owner: \(strangers.map(\.path).joined(separator: ", "))",
                advice: "chown --reference=\(location.directory) them: the daemon's user must be able to write them")
        }
        return Finding("files", .ok, "readable only by their owner, who also owns the folder")
    }

    static func octal(_ mode: UInt32) -> String { "0" + String(mode, radix: 8) }
}

/// The finding of one check of `doctor`, and those of its parts.
public struct Finding: Encodable, Sendable {
    /// The severity of a finding, in ascending order.
    public enum Level: String, Encodable, Sendable, Comparable, CaseIterable {
        case ok
        case warning
        case failure

        public static func < (left: Level, right: Level) -> Bool {
            left.rank < right.rank
        }

        private var rank: Int {
            switch self {
            case .ok: 0
            case .warning: 1
            case .failure: 2
            }
        }
    }

    /// The subject of the check.
    public let name: String
    public let level: Level
    /// The finding in words; nil when the parts say it all.
    public let detail: Nullable<String>
    /// The advice; nil when nothing is to be done.
    public let advice: Nullable<String>
    public let parts: [Finding]

    init(_ name: String, _ level: Level, _ detail: String, advice: String? = nil) {
        self.name = name
        self.level = level
        self.detail = Nullable(detail)
        self.advice = Nullable(advice)
        parts = []
    }

    /// Makes a check that is as severe as its worst part.
    init(_ name: String, _ parts: [Finding]) {
        self.name = name
        level = parts.map(\.level).max() ?? .ok
        detail = Nullable(nil)
        advice = Nullable(nil)
        self.parts = parts
    }
}

/// All findings of `doctor`.
public struct Diagnosis: Encodable, Sendable {
    public let version = 1
    /// The worst level of all.
    public let level: Finding.Level
    public let checks: [Finding]

    private enum CodingKeys: String, CodingKey { case version, level, checks }

    init(_ checks: [Finding]) {
        self.checks = checks
        level = checks.map(\.level).max() ?? .ok
    }
}
