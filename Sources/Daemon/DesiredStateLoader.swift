import ConfigFile
import Dispatch
import Logging
import Planning
import Reconciler
import Storage

/// Reads the desired state and the secrets, and hands on what is valid. What is not changes nothing.
///
/// Reading a large file takes a while, so it has a queue of its own. Confined to that queue.
final class DesiredStateLoader: @unchecked Sendable {
    /// How a reading ended.
    enum Result: Sendable {
        /// The file is valid; it has been handed to the engine.
        case handedOver(DesiredState)
        /// The file is not valid or cannot be read; the last good state stays in force.
        case refused([ConfigProblem])
    }

    private let queue = DispatchQueue(label: "twostepd.loader")
    private let settings: Settings
    private let environment: [String: String]
    private let secrets: SecretsInForce
    private let commits: CommitQueue
    private let clock: SystemClock
    private let logger: Logger
    private let post: @Sendable (EngineEvent) -> Void
    private var knownPINs: [String: PIN] = [:]

    init(
        settings: Settings, environment: [String: String], secrets: SecretsInForce, commits: CommitQueue,
        clock: SystemClock, logger: Logger, post: @escaping @Sendable (EngineEvent) -> Void
    ) {
        self.settings = settings
        self.environment = environment
        self.secrets = secrets
        self.commits = commits
        self.clock = clock
        self.logger = logger
        self.post = post
    }

    /// Reads both, after any reading that is under way.
    func load(completion: @escaping @Sendable (Result) -> Void) {
        queue.async {
            let secrets = SecretSources.read(settings: self.settings, environment: self.environment)
            if let read = secrets.value { self.secrets.replace(with: read) }
            let sources = self.secrets.value
            let reading = DesiredStateReader.read(
                path: self.settings.desiredState, secrets: sources, references: .required)
            let problems = secrets.problems + reading.problems
            self.log(problems)
            if let state = reading.value, secrets.value != nil {
                self.post(.desiredStateRead(state))
                self.takePINs(
                    of: state.numbers.compactMap { entry in entry.operatorPINName.map { (entry.number, $0) } },
                    from: sources)
                completion(.handedOver(state))
            } else {
                self.refuse(problems, sha256: reading.sha256, sources: sources)
                completion(.refused(problems))
            }
        }
    }

    /// Records why the file was not taken, and keeps the numbers of the last good state supplied with their PINs.
    private func refuse(_ problems: [ConfigProblem], sha256: String?, sources: SecretSources) {
        let now = clock.now()
        let path = settings.desiredState
        let first = problems.first { $0.severity == .error }
        let more = problems.count { $0.severity == .error } - 1
        let problem = (first?.summary ?? "\(path) cannot be read") + (more > 0 ? " (and \(more) more)" : "")
        commits.perform({ store throws(StorageError) in
            try store.recordLoadFailure(sha256: sha256, source: path, problem: problem, at: now)
            return try store.reader.operatorPINNames()
        }) { result in
            self.queue.async {
                switch result {
                case .success(let names): self.takePINs(of: names, from: sources)
                case .failure(let error):
                    self.logger.error("Store failed", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    private func takePINs(of names: [(PhoneNumber, String)], from sources: SecretSources) {
        var values: [String: PIN] = [:]
        for name in Set(names.map(\.1)).sorted() {
            do {
                values[name] = try sources.pin(named: name)
            } catch {
                logger.error("Operator-owned PIN cannot be read", metadata: ["pin": "\(name)", "error": "\(error)"])
            }
        }
        let changed = names.filter { values[$0.1] != knownPINs[$0.1] }.map(\.0)
        knownPINs = values
        post(.operatorPINsRead(values, changed: changed))
    }

    private func log(_ problems: [ConfigProblem]) {
        for problem in problems {
            switch problem.severity {
            case .error:
                logger.error("Desired state is not valid", metadata: ["problem": "\(problem.summary)"])
            case .warning:
                logger.warning("Desired state has a weakness", metadata: ["problem": "\(problem.summary)"])
            }
        }
    }
}
