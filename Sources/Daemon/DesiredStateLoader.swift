public import ConfigFile
import Dispatch
import Logging
public import Planning
import Reconciler
import Storage

/// The result of reading the desired state.
public enum DesiredStateLoad: Sendable {
    /// The file is valid; it goes to the engine next, which adopts or holds it.
    case handedOver(DesiredState)
    /// The file is not valid or cannot be read; the last good state stays in force.
    case refused([ConfigProblem])
    /// The file does not have the content that was accepted; the reason, in words. Nothing changes.
    case notAccepted(String)
    /// Both files are unchanged since the last reading, and valid.
    case unchanged
}

/// An operator's permission to adopt a desired state although it weakens the fleet.
public struct Acceptance: Sendable {
    /// The beginning of the SHA-256 of the file's bytes.
    public let prefix: String
    /// The operator who accepts it.
    public let actor: String

    /// The shortest beginning that is accepted.
    public static let minPrefixLength = 4

    public init(prefix: String, actor: String) {
        self.prefix = prefix.lowercased()
        self.actor = actor
    }

    /// Returns the reason why a file with this SHA-256 is not the accepted one; nil when it is.
    func problem(with sha256: String) -> String? {
        guard prefix.utf8.count >= Self.minPrefixLength else {
            return "\"\(prefix)\" is too short to name a revision: give at least \(Self.minPrefixLength) digits of the "
                + "SHA-256 that `twostepd status` shows"
        }
        guard sha256.hasPrefix(prefix) else {
            return "the file is not revision \(prefix.prefix(64)): its SHA-256 is \(sha256.prefix(12))…; review it "
                + "with `twostepd plan`, then accept that revision"
        }
        return nil
    }
}

/// Reads the desired state and the secrets, and passes valid content on. Invalid content changes nothing.
///
/// Confined to the queue of the files.
final class DesiredStateLoader: @unchecked Sendable {
    private let files: ConfigurationFiles
    private let settings: Settings
    private let secrets: SecretsInForce
    private let startFiles: StartFiles
    private let marker: TokenMarker
    /// The files read only at the start that were reported as changed.
    private var reportedChanges: [String] = []
    private let commits: CommitQueue
    private let clock: SystemClock
    private let logger: Logger
    private let post: @Sendable (EngineEvent) -> Void
    private let keeper: SecretsKeeper
    /// The state that was handed over and not judged yet: it may need secrets that are kept.
    private var awaited: DesiredState?
    /// The SHA-256 of the content that was handed over last; nil when a later reading was not valid.
    private var handedOver: String?
    private var queue: DispatchQueue { files.queue }

    init(
        files: ConfigurationFiles, settings: Settings, secrets: SecretsInForce, startFiles: StartFiles,
        marker: TokenMarker, commits: CommitQueue, clock: SystemClock, logger: Logger,
        post: @escaping @Sendable (EngineEvent) -> Void
    ) {
        self.files = files
        self.settings = settings
        self.secrets = secrets
        self.startFiles = startFiles
        self.marker = marker
        self.commits = commits
        self.clock = clock
        self.logger = logger
        self.post = post
        keeper = SecretsKeeper(secrets: secrets, hooks: settings.hooks, logger: logger)
    }

    /// Reads both files, after any reading that is in progress.
    ///
    /// - Parameter onlyIfChanged: true to skip files that are unchanged. A caller that requests a reading explicitly
    ///   gets one.
    func load(
        acceptance: Acceptance?, onlyIfChanged: Bool = false,
        completion: @escaping @Sendable (DesiredStateLoad) -> Void
    ) {
        queue.async {
            if onlyIfChanged, let last = self.handedOver, self.files.areUnchanged(since: last) {
                return completion(.unchanged)
            }
            self.logChangedStartFiles()
            let content = self.files.read(with: self.marker)
            let (secrets, reading) = (content.secrets, content.state)
            if let read = secrets.value, !content.hasSameSecrets { self.secrets.replace(with: read) }
            let problems = secrets.problems + reading.problems
            self.log(problems)
            guard var state = reading.value, secrets.value != nil else {
                self.handedOver = nil
                self.refuse(problems, sha256: reading.sha256)
                return completion(.refused(problems))
            }
            if let problem = acceptance?.problem(with: state.sha256) { return completion(.notAccepted(problem)) }
            state.acceptedBy = acceptance?.actor
            self.handedOver = state.sha256
            self.awaited = state
            let adopted = state
            self.commits.perform({ store throws(StorageError) in try store.reader.operatorPINNames() }) { result in
                self.queue.async {
                    // Callers that wait for the end of its adoption must be known before it can come.
                    completion(.handedOver(adopted))
                    self.hand(adopted, inForce: result)
                }
            }
        }
    }

    /// Hands the engine one reading: the state, and the values of the operator-owned PINs that it or the state in force
    /// names.
    private func hand(_ state: DesiredState?, inForce: Result<[(PhoneNumber, String)], StorageError>) {
        var names = Set(state?.numbers.compactMap(\.operatorPINName) ?? [])
        switch inForce {
        case .success(let known): names.formUnion(known.map(\.1))
        case .failure(let error):
            logger.error("Store failed", metadata: ["error": "\(error)"])
            // Without a state there is nothing to adopt, and PINs of unknown names would appear to be missing.
            if state == nil { return }
        }
        var values: [String: PIN] = [:]
        for name in names.sorted() {
            do {
                values[name] = try secrets.pin(named: name)
            } catch {
                logger.error("Operator-owned PIN cannot be read", metadata: ["pin": "\(name)", "error": "\(error)"])
            }
        }
        post(.desiredStateRead(DesiredStateReading(state: state, operatorPINs: values)))
    }

    /// Records why the file was not adopted, and hands on the PINs of the state in force.
    private func refuse(_ problems: [ConfigProblem], sha256: String?) {
        let now = clock.now()
        let path = settings.desiredState
        let first = problems.first { $0.severity == .error }
        let more = problems.count { $0.severity == .error } - 1
        let problem = (first?.summary ?? "\(path) cannot be read") + (more > 0 ? " (and \(more) more)" : "")
        commits.perform({ store throws(StorageError) in
            try store.recordLoadFailure(sha256: sha256, source: path, problem: problem, at: now)
            return try store.reader.operatorPINNames()
        }) { result in
            self.queue.async { self.hand(nil, inForce: result) }
        }
    }

    /// Processes the store's verdict on a reading: secrets that neither the state in force nor a later one needs are
    /// dropped.
    func handle(_ report: DesiredStateReport) {
        let judged: String?
        switch report {
        case .adopted(let adoption): judged = adoption.sha256
        case .held(let held): judged = held.sha256
        case .kept: judged = nil
        case .failed, .leftExposed: return
        }
        queue.async {
            if let judged, self.awaited?.sha256 == judged { self.awaited = nil }
            self.settleSecrets()
        }
    }

    private func logChangedStartFiles() {
        let changed = startFiles.changed
        guard changed != reportedChanges else { return }
        reportedChanges = changed
        guard !changed.isEmpty else { return }
        logger.warning(
            "Files that are read only at startup have changed: restart the service to adopt them",
            metadata: ["files": "\(changed.joined(separator: ", "))"])
    }

    private func settleSecrets() {
        guard keeper.isConcerned else { return }
        commits.perform({ store throws(StorageError) in try store.reader.secretNames() }) { result in
            self.queue.async {
                guard case .success(let names) = result else { return }  // Kept until the store answers.
                let state = self.keeper.settle(
                    inForce: SecretNames(tokens: names.tokens, pins: names.pins),
                    awaited: self.awaited.map(SecretNames.init(of:)) ?? SecretNames(), at: self.clock.now())
                guard let state else { return }
                self.commits.submit([.guardState(state)]) { result in
                    guard case .failure(let error) = result else { return }
                    self.logger.error("Store failed", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    private func log(_ problems: [ConfigProblem]) {
        for problem in problems {
            switch problem.severity {
            case .error:
                logger.error("Desired state is not valid", metadata: ["problem": "\(problem.summary)"])
            case .warning:
                logger.warning("Desired state has a warning", metadata: ["problem": "\(problem.summary)"])
            }
        }
    }
}

extension SecretNames {
    /// The names of the secrets that the entries of a desired state need.
    init(of state: DesiredState) {
        self.init(
            tokens: Set(state.numbers.flatMap { [$0.tokenName, $0.observer?.tokenName].compactMap(\.self) }),
            pins: Set(state.numbers.compactMap(\.operatorPINName)))
    }
}
