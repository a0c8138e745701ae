import ConfigFile
import Dispatch
import Files
import Planning
import Reconciler
import Storage

/// The desired state and the secrets as files; a file that has not changed is not read again.
///
/// Everything but the first reading of the secrets happens on `queue`, to which this type is confined from then on.
final class ConfigurationFiles: @unchecked Sendable {
    /// The result of one reading of both files.
    struct Content {
        let secrets: Reading<SecretSources>
        let state: Reading<DesiredState>
        /// True when the secrets have not changed since the reading before.
        let hasSameSecrets: Bool
    }

    /// A queue of its own, because large files take a while to read.
    let queue = DispatchQueue(label: "twostepd.loader")
    private let settings: Settings
    private let environment: [String: String]
    private let clock: any WallClock
    /// The secrets that were read last, with the stamp that their file had before the reading; nil when the stamp
    /// cannot be relied on.
    private var secrets: (sources: SecretSources, stamp: FileStamp)?
    /// A desired state that was read ahead, with the marks that this marker makes.
    private var ahead: (state: Reading<DesiredState>, stamp: FileStamp, marker: TokenMarker)?

    init(settings: Settings, environment: [String: String], clock: any WallClock) {
        self.settings = settings
        self.environment = environment
        self.clock = clock
    }

    /// Reads the secrets; called before everything else.
    func readSecrets() -> Reading<SecretSources> { secretsReading().secrets }

    /// Reads the desired state while the store is still being opened. The first ``read(with:)`` uses it when nothing
    /// has changed by then. A store that cannot supply its marks yet is not waited for.
    func readAhead(at location: StoreLocation) {
        queue.async {
            guard let sources = self.secrets?.sources, let stamp = self.settledStamp(of: self.settings.desiredState),
                let marker = TokenMarker(at: location)
            else { return }
            self.ahead = (self.stateReading(sources, marker), stamp, marker)
        }
    }

    /// Reads both files.
    ///
    /// - Parameter marker: makes the mark of each token's value, so that a new value is noticed.
    func read(with marker: TokenMarker) -> Content {
        let (secrets, isSame) = secretsReading()
        let ahead = ahead
        self.ahead = nil
        if let ahead, isSame, ahead.marker == marker, FileStamp(settings.desiredState) == ahead.stamp {
            return Content(secrets: secrets, state: ahead.state, hasSameSecrets: true)
        }
        return Content(secrets: secrets, state: stateReading(secrets.value, marker), hasSameSecrets: isSame)
    }

    /// Returns true when the secrets are those that were read last, and the desired state has this content.
    func areUnchanged(since sha256: String) -> Bool {
        unchangedSecrets != nil && DesiredStateReader.sha256(path: settings.desiredState) == sha256
    }

    /// The path that the secrets would be read from now: a credential takes precedence as soon as there is one.
    private var secretsPath: String { SecretSources.filePath(settings: settings, environment: environment) }

    /// The secrets that were read last, if reading them again would give the same; nil otherwise.
    private var unchangedSecrets: SecretSources? {
        let path = secretsPath
        guard let secrets, secrets.sources.filePath == path, FileStamp(path) == secrets.stamp,
            secrets.sources.hasSameCredentials
        else { return nil }
        return secrets.sources
    }

    private func secretsReading() -> (secrets: Reading<SecretSources>, isSame: Bool) {
        if let unchangedSecrets { return (Reading(value: unchangedSecrets, problems: [], sha256: nil), true) }
        let path = secretsPath
        let stamp = settledStamp(of: path)
        let reading = SecretSources.read(settings: settings, environment: environment)
        secrets = nil
        if let sources = reading.value, let stamp, sources.filePath == path { secrets = (sources, stamp) }
        return (reading, false)
    }

    private func stateReading(_ secrets: SecretSources?, _ marker: TokenMarker) -> Reading<DesiredState> {
        DesiredStateReader.read(
            path: settings.desiredState, secrets: secrets, references: .required,
            mark: { marker.mark(of: $0) })
    }

    private func settledStamp(of path: String) -> FileStamp? {
        let now = Duration.milliseconds(clock.now().millisecondsSinceEpoch)
        return FileStamp(path).flatMap { $0.isSettled(at: now) ? $0 : nil }
    }
}
