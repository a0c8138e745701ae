public import ConfigFile
import Dispatch
import Glibc
public import Logging
import Planning
import Reconciler
import Storage
import Synchronization

/// `twostepd run`: the daemon, from its start to a clean stop.
public final class DaemonProcess: Sendable {
    private let settings: Settings
    private let logger: Logger
    private let notifier: ServiceNotifier
    private let reconciliation: Reconciliation
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "twostepd.daemon")
    private let finished = DispatchSemaphore(value: 0)

    /// What a stop may take beyond `shutdown_grace`: the last commits, and closing the store.
    private static let closingTime: Duration = .seconds(15)

    private struct State {
        var isReady = false
        var isStopping = false
        var isValid = false
        /// The revision that was taken into force last; nil while that was before this start.
        var revision: Int?
        /// Why the store does not work, when it does not.
        var storeProblem: String?
        var left: (exposed: Int, unanswered: Int) = (0, 0)
    }

    /// Opens the store and wires everything; nothing is sent before ``run()``.
    public init(settings: Settings, environment: [String: String], logger: Logger) throws(StartupError) {
        self.settings = settings
        self.logger = logger
        notifier = ServiceNotifier(environment: environment)
        let relay = ReportRelay()
        reconciliation = try Reconciliation(
            settings: settings, environment: environment, command: "run", logger: logger, observe: { relay.pass($0) })
        relay.connect { [weak self] in self?.note($0) }
    }

    /// Runs until a signal asks for a stop and the stop is done.
    ///
    /// - Returns: the exit code: 0 after a clean stop, 1 when numbers are left exposed or requests unanswered.
    public func run() throws(StartupError) -> Int32 {
        // A reader of the log that goes away must not end the daemon.
        signal(SIGPIPE, SIG_IGN)
        let signals = SignalWatcher([SIGTERM, SIGINT, SIGHUP]) { [weak self] number in
            if number == SIGHUP { self?.reload() } else { self?.stop(signal: number) }
        }
        try reconciliation.start()
        reconciliation.load { [weak self] problems in self?.becomeReady(problems) }
        let watched = [settings.desiredState, settings.secrets]
        let watcher = FileWatcher(paths: watched, queue: queue) { [weak self] in self?.reload() }
        if watcher == nil {
            logger.warning("Files are not watched: no inotify instance is left, use `twostepd reload`")
        }
        let watchdog = Watchdog(
            notifier: notifier, driver: reconciliation.driver, commits: reconciliation.commits,
            flights: reconciliation.flights
        )?.start(on: queue)
        let servers = startServers()
        withExtendedLifetime((signals, watcher, watchdog)) { finished.wait() }
        servers.forEach { $0.cancel() }
        watcher?.stop()
        let closed = DispatchSemaphore(value: 0)
        Task {
            await reconciliation.close()
            closed.signal()
        }
        closed.wait()
        let left = state.withLock { $0.left }
        return left.exposed == 0 && left.unanswered == 0 ? 0 : 1
    }

    // MARK: Life

    private func becomeReady(_ problems: [ConfigProblem]?) {
        state.withLock {
            $0.isReady = true
            $0.isValid = problems == nil
        }
        logger.notice("Ready", metadata: ["version": "\(Version.number)", "store": "\(settings.stateDirectory)"])
        tellStatus(isReady: true)
    }

    /// One line for `systemctl status`, of what matters most. Sent under the lock: the last word is the newest.
    private func tellStatus(isReady: Bool = false) {
        state.withLock { state in
            let text: String
            if let problem = state.storeProblem {
                text = "the store fails, nothing is sent: \(problem)"
            } else if !state.isValid {
                text = "the desired state is not valid; the last good one is in force"
            } else {
                text = state.revision.map { "revision \($0) is in force" } ?? "ready"
            }
            if isReady { notifier.ready(status: text) } else if state.isReady { notifier.status(text) }
        }
    }

    private func reload() {
        guard !state.withLock({ $0.isStopping }) else { return }
        readFiles { _ in }
    }

    /// Reads the files again, and tells the service manager how it went.
    private func readFiles(completion: @escaping @Sendable ([ConfigProblem]?) -> Void) {
        notifier.reloading()
        reconciliation.load { [weak self] problems in
            guard let self else { return completion(problems) }
            state.withLock { $0.isValid = problems == nil }
            tellStatus(isReady: true)
            completion(problems)
        }
    }

    private func stop(signal number: Int32) {
        let again = state.withLock { state in
            defer { state.isStopping = true }
            return state.isStopping
        }
        if again {
            logger.error("Stopped at once by a second signal: unanswered requests are in doubt until the next start")
            exit(1)
        }
        logger.notice("Stopping", metadata: ["signal": "\(number)"])
        notifier.stopping(
            status: "stopping: requests in flight end, exposed numbers are enabled first",
            within: settings.timing.shutdownGrace + Self.closingTime)
        reconciliation.requestStop()
    }

    private func note(_ report: EngineReport) {
        switch report {
        case .stopped(let exposed, let unanswered):
            state.withLock { $0.left = (exposed.count, unanswered) }
            finished.signal()
        case .adopted(let adoption):
            state.withLock { $0.revision = adoption.revision }
            tellStatus()
        case .storeFailed(let message, _):
            state.withLock { $0.storeProblem = message }
            tellStatus()
        case .storeRecovered:
            state.withLock { $0.storeProblem = nil }
            tellStatus()
        case .requestSent, .requestEnded, .planned, .adoptionFailed, .numberUnreadable, .clockBehind, .clockRight:
            break
        }
    }

    // MARK: Servers

    private func startServers() -> [Task<Void, Never>] {
        let service = ControlService(
            stateDirectory: settings.stateDirectory, socketPath: settings.controlSocket,
            commits: reconciliation.commits, clock: SystemClock(), logger: logger,
            reload: { [weak self] in await self?.reloadAndTell() ?? .init(done: false, message: "stopping") },
            health: { [weak self] in await self?.health() ?? (false, "stopping") },
            readiness: { [weak self] in self?.readiness() ?? (false, "stopping") }
        )
        var tasks: [Task<Void, Never>] = []
        let isMade = mkdir(settings.runtimeDirectory, 0o755) == 0
        // The socket has its own mode; the way to it is open, whatever the umask.
        if isMade { chmod(settings.runtimeDirectory, 0o755) }
        if !isMade, errno != EEXIST {
            logger.error(
                "Control socket has no directory",
                metadata: ["path": "\(settings.runtimeDirectory)", "error": "\(String(cString: strerror(errno)))"])
        } else {
            tasks.append(serve("Control socket failed") { try await service.serveControl() })
        }
        if case .address(let host, let port) = settings.listen {
            tasks.append(serve("Listener failed") { try await service.serveListener(host: host, port: port) })
        }
        return tasks
    }

    /// A server that cannot be had is told of, and is no reason to stop keeping numbers protected.
    private func serve(_ failure: Logger.Message, _ body: @escaping @Sendable () async throws -> Void) -> Task<
        Void, Never
    > {
        let logger = logger
        return Task {
            do {
                try await body()
            } catch is CancellationError {
                return
            } catch {
                logger.error(failure, metadata: ["error": "\(error)"])
            }
        }
    }

    private func reloadAndTell() async -> ControlMessage.Answer {
        guard !state.withLock({ $0.isStopping }) else { return .init(done: false, message: "the daemon is stopping") }
        return await withCheckedContinuation { continuation in
            readFiles { problems in
                let errors = problems?.filter { $0.severity == .error } ?? []
                let message = errors.first.map { "not taken, the last good state stays in force: \($0.summary)" }
                continuation.resume(returning: .init(done: errors.isEmpty, message: message ?? "reloaded"))
            }
        }
    }

    private func health() async -> (isWell: Bool, text: String) {
        let result = await withCheckedContinuation { continuation in
            reconciliation.driver.ping {
                self.reconciliation.commits.perform({ store throws(StorageError) in _ = try store.reader.nextChangeID()
                }) {
                    continuation.resume(returning: $0)
                }
            }
        }
        switch result {
        case .success: return (true, "ok")
        case .failure(let error): return (false, "the store fails: \(error)")
        }
    }

    private func readiness() -> (isReady: Bool, text: String) {
        let (isReady, isValid) = state.withLock { ($0.isReady, $0.isValid) }
        guard isReady else { return (false, "starting") }
        return isValid ? (true, "ok") : (false, "the desired state is not valid; the last good one is in force")
    }
}

/// Passes reports on to somebody who exists only after the engine does.
final class ReportRelay: Sendable {
    private let receiver = Mutex<(@Sendable (EngineReport) -> Void)?>(nil)

    func connect(_ receive: @escaping @Sendable (EngineReport) -> Void) { receiver.withLock { $0 = receive } }

    func pass(_ report: EngineReport) { receiver.withLock { $0 }?(report) }
}
