public import ConfigFile
import Dispatch
import Files
import Glibc
public import Logging
import Planning
import Reconciler
import Storage
import Synchronization

/// `twostepd run`: the daemon, from its start to a clean stop.
public final class DaemonProcess: Sendable {
    let settings: Settings
    private let settingsPath: String?
    let logger: Logger
    let notifier: ServiceNotifier
    let reconciliation: Reconciliation
    let pendingReplies = PendingReplies()
    /// The newest errors of the log.
    let failures = RecentFailures()
    let startedAt = SystemClock().now()
    private let zones: ZoneWatch
    /// The watch on the files, while ``run()`` runs.
    private let watching = Mutex<FileWatcher?>(nil)
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "twostepd.daemon")
    private let finished = DispatchSemaphore(value: 0)

    /// The time that a stop may take beyond `shutdown_grace`: the last commits, and closing the store.
    private static let closingTime: Duration = .seconds(15)

    fileprivate struct State {
        var status = DaemonStatus()
        var isStopping = false
        var left: (exposed: Int, unanswered: Int) = (0, 0)
        /// The effects of a stop at this moment: numbers left exposed, and requests without an answer.
        var exposed: Set<PhoneNumber> = []
        var inFlight: Set<Int64> = []
        /// Endpoints that are down.
        var down: [Account: DaemonView.Trouble] = [:]
        /// Servers of this process that do not run.
        var serverTroubles: [DaemonView.Trouble] = []
    }

    /// Opens the store and connects all parts; nothing is sent before ``run()``.
    ///
    /// - Parameters:
    ///   - settings: valid settings.
    ///   - settingsPath: the file that they were read from.
    ///   - environment: the environment, which may name secrets and the service manager.
    ///   - logger: receives the daemon's events.
    public init(
        settings: Settings, settingsPath: String? = nil, environment: [String: String], logger: Logger
    ) throws(StartupError) {
        let logger = failures.recording(logger)
        self.settings = settings
        self.settingsPath = settingsPath
        self.logger = logger
        notifier = ServiceNotifier(environment: environment)
        let relay = ReportRelay()
        let reconciliation = try Reconciliation(
            settings: settings, settingsPath: settingsPath, environment: environment, command: "run", logger: logger,
            onReport: { relay.pass($0) })
        self.reconciliation = reconciliation
        zones = ZoneWatch(zones: .shared, logger: logger) { reconciliation.followZones() }
        state.withLock { $0.status.revision = reconciliation.revisionAtStart }
        relay.connect { [weak self] in self?.handle($0) }
    }

    /// The revision in force; nil for none.
    var revision: Int? { state.withLock { $0.status.revision } }

    /// Runs until a signal requests a stop and the stop is complete.
    ///
    /// - Returns: the exit code: 0 after a clean stop, 1 when numbers are left exposed or requests unanswered.
    public func run() throws(StartupError) -> Int32 {
        // A log reader that goes away must not end the daemon.
        signal(SIGPIPE, SIG_IGN)
        let signals = SignalWatcher { [weak self] number in
            if number == SIGHUP { self?.reload() } else { self?.stop(signal: number) }
        }
        try reconciliation.start()
        // Watched before they are read: an edit in between would be missed otherwise.
        let watcher = FileWatcher(
            paths: settings.watchedFiles, queue: queue,
            onProblem: { [reconciliation] in reconciliation.reportWatching($0) },
            // Often an operator has edited a file and requested a reload as well.
            onChange: { [weak self] in self?.reload(onlyIfChanged: true) })
        watching.withLock { $0 = watcher }
        watcher.renew { [weak self, reconciliation] in
            reconciliation.load { [weak self] load in self?.becomeReady(load) }
        }
        let watchdog = Watchdog(
            notifier: notifier, driver: reconciliation.driver, commits: reconciliation.commits,
            flights: reconciliation.flights
        )?.start(on: queue)
        let readOnlyAPI = readOnlyAPI()
        // They serve until the process ends: a server whose task is cancelled ends the process when a client connects
        // at that moment (NIO's async channels insist on being read), and a stop must complete. Requests in the
        // meantime are refused by the closed store, or lost with the connection.
        startServers(readOnlyAPI)
        let summaries = DaySummaries(readOnlyAPI: readOnlyAPI, logger: logger).start(on: queue)
        let zoneChecks = zones.start(on: queue)
        withExtendedLifetime((signals, watchdog, summaries, zoneChecks)) { finished.wait() }
        zoneChecks.cancel()
        summaries.cancel()
        watcher.stop()
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

    private func becomeReady(_ load: DesiredStateLoad) {
        state.withLock {
            $0.status.isReady = true
            $0.status.isValid = load.isValid
        }
        logger.notice("Ready", metadata: ["version": "\(Version.number)", "store": "\(settings.stateDirectory)"])
        notifyServiceManager(isReady: true)
        reconciliation.startRetention()
        reconciliation.checkHistory()
    }

    /// Sends the status line to the service manager. Sent under the lock, so that the last line sent is the newest.
    private func notifyServiceManager(isReady: Bool = false) {
        state.withLock { state in
            guard state.status.isReady, !state.isStopping else { return }
            let line = state.status.line
            if isReady { notifier.ready(status: line) } else { notifier.status(line) }
        }
    }

    private func reload(onlyIfChanged: Bool = false) {
        guard !state.withLock({ $0.isStopping }) else { return }
        load(onlyIfChanged: onlyIfChanged)
    }

    /// Reads the desired state and updates the status that the service manager shows.
    ///
    /// - Parameters:
    ///   - ended: receives the result of the adoption. It is registered even when no caller waits: callers whose state
    ///     this one overtakes are notified with it.
    ///   - notHandedOver: receives the reason why there was nothing to adopt.
    func load(
        acceptance: Acceptance? = nil, onlyIfChanged: Bool = false,
        ended: @escaping @Sendable (Result<AdoptionResult.Verdict, StoreFailure>) -> Void = { _ in },
        notHandedOver: @escaping @Sendable (DesiredStateLoad) -> Void = { _ in }
    ) {
        notifier.reloading()
        zones.check()
        let read: @Sendable () -> Void = { [weak self, reconciliation, pendingReplies] in
            reconciliation.load(acceptance: acceptance, onlyIfChanged: onlyIfChanged) { [weak self] load in
                if let self {
                    if case .notAccepted = load {} else { self.state.withLock { $0.status.isValid = load.isValid } }
                    self.notifyServiceManager(isReady: true)
                }
                if case .handedOver(let state) = load {
                    pendingReplies.expectAdoption(of: state.sha256, ended)
                } else {
                    notHandedOver(load)
                }
            }
        }
        // A caller that requests a reading gets the watch renewed first: a change may have gone unnoticed.
        if !onlyIfChanged, let watcher = watching.withLock({ $0 }) { watcher.renew(then: read) } else { read() }
    }

    private func stop(signal number: Int32) {
        let again = state.withLock { state in
            defer { state.isStopping = true }
            return state.isStopping
        }
        if again {
            let (exposed, inFlight) = state.withLock { ($0.exposed.sorted(), $0.inFlight.count) }
            logger.error(
                "Stopped at once by a second signal: the next start continues the work",
                metadata: [
                    "exposed": "\(exposed.prefix(20).map(\.description).joined(separator: ","))",
                    "exposed_count": "\(exposed.count)", "unanswered": "\(inFlight)",
                ])
            exit(1)
        }
        logger.notice("Stopping", metadata: ["signal": "\(number)"])
        notifier.stopping(
            status: "stopping: waiting for requests in flight, enabling exposed numbers",
            within: settings.timing.shutdownGrace + Self.closingTime)
        reconciliation.requestStop()
    }

    private func handle(_ report: EngineReport) {
        if state.withLock({ $0.status.handle(report) }) { notifyServiceManager() }
        switch report {
        case .stopped(let exposed, let unanswered):
            state.withLock { $0.left = (exposed.count, unanswered) }
            finished.signal()
        case .desiredState(let report): handle(report)
        case .orderEnded(let id, let failure): pendingReplies.completeOrder(id, failure)
        case .number(.requestSent(let change)):
            state.withLock { _ = $0.inFlight.insert(change.id) }
        case .number(.requestEnded(let change, let record)):
            state.withLock {
                $0.inFlight.remove(change.id)
                $0.update(record)
            }
        case .number(.planned(let record, _)), .number(.observed(let record, _)):
            state.withLock { $0.update(record) }
        case .guardChanged(.endpointDown(let account, let outcome)):
            let trouble = DaemonView.Trouble(
                subject: account.text, at: SystemClock().now().description,
                detail: "\(account.text) \(outcome.endpointTrouble)")
            state.withLock { $0.down[account] = trouble }
        case .guardChanged(.endpointUp(let account, _)): state.withLock { $0.down[account] = nil }
        case .number(.setAside), .number(.readAgain), .number(.pinsUnreadable), .guardChanged, .store: break
        }
    }

    private func handle(_ report: DesiredStateReport) {
        switch report {
        case .adopted(let adoption):
            // The memory for reading the files and comparing them with the store would stay with a process that idles
            // from here on. It is returned a moment later, when nothing refers to it any longer.
            queue.asyncAfter(deadline: .now() + .seconds(2)) { ProcessMemory.release() }
            pendingReplies.completeAdoption(.success(.adopted(adoption)), sha256: adoption.sha256)
        case .held(let held): pendingReplies.completeAdoption(.success(.held(held)), sha256: held.sha256)
        case .failed(let message): pendingReplies.completeAdoption(.failure(StoreFailure(message)), sha256: nil)
        case .kept, .leftExposed: break
        }
    }

    // MARK: Servers

    private func readOnlyAPI() -> ReadOnlyAPI {
        ReadOnlyAPI(
            location: StoreLocation(directory: settings.stateDirectory), policy: settings.policy(),
            desiredState: settings.desiredState, since: SystemClock().now(),
            clock: SystemClock(), recorder: reconciliation.recorder, commits: reconciliation.commits,
            isPerNumber: settings.metrics == .numbers)
    }

    private func startServers(_ readOnlyAPI: ReadOnlyAPI) {
        if !UserNamespace.isWhole {
            logger.warning(
                "Callers cannot be identified: this user namespace does not map the machine's users",
                metadata: ["advice": "remove PrivateUsers=yes from the unit; systemd 257 has PrivateUsers=identity"])
        }
        let service = ControlService(
            stateDirectory: settings.stateDirectory, socketPath: settings.controlSocket,
            clock: SystemClock(), logger: logger,
            reload: { [weak self] in try await Self.running(self).reloadAndReport(acceptance: nil) },
            accept: { [weak self] in try await Self.running(self).reloadAndReport(acceptance: $0) },
            order: { [weak self] in try await Self.running(self).submit($0) },
            report: { [weak self] in try await Self.running(self).carryOut($0, by: $1) },
            view: { [weak self] in try Self.running(self).view() },
            secretMarks: { [weak self] in try await Self.running(self).reconciliation.secretMarks() },
            readOnlyAPI: readOnlyAPI,
            reveal: { [weak self] in try await Self.running(self).record($0) },
            health: { [weak self] in await self?.health() ?? (false, "stopping") },
            readiness: { [weak self] in self?.readiness() ?? (false, "stopping") }
        )
        supervise("control socket", at: settings.controlSocket, "Control socket failed") {
            try await service.serveControl(onRunning: $0)
        }
        if case .address(let host, let port) = settings.listen {
            supervise("listener", at: Self.listener(host, port), "Listener failed") {
                try await service.serveListener(host: host, port: port, onRunning: $0)
            }
        }
    }

    private static func listener(_ host: String, _ port: Int) -> String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    private static func running(_ process: DaemonProcess?) throws(ControlRefusal) -> DaemonProcess {
        guard let process else { throw .stopping }
        return process
    }

    private func supervise(
        _ name: String, at address: String, _ failure: Logger.Message,
        _ serve: @escaping @Sendable (_ onRunning: @escaping @Sendable () -> Void) async throws -> Void
    ) {
        SupervisedServer(at: address, failure: failure, logger: logger) { [weak self] problem in
            self?.recordServer(name, problem)
        }.start(serve)
    }

    /// Records the reason why a server does not run; nil when it runs.
    private func recordServer(_ name: String, _ problem: String?) {
        state.withLock { state in
            state.serverTroubles.removeAll { $0.subject == name }
            if let problem {
                state.serverTroubles.append(
                    DaemonView.Trouble(
                        subject: name, at: SystemClock().now().description,
                        detail: "it is not running, and is retried: \(problem)"))
            }
            state.status.servers = state.serverTroubles.map { "the \($0.subject): \($0.detail)" }
        }
        notifyServiceManager()
    }

    private func view() -> DaemonView {
        let (status, down, servers) = state.withLock { ($0.status.line, $0.down, $0.serverTroubles) }
        let secrets = reconciliation.secrets
        let kept = secrets.kept.names
        var listener: String?
        if case .address(let host, let port) = settings.listen { listener = Self.listener(host, port) }
        return DaemonView(
            pid: getpid(), release: Version.text, stateDirectory: settings.stateDirectory,
            since: startedAt.description, status: status, settingsPath: settingsPath,
            secrets: DaemonView.Secrets(
                path: secrets.value.filePath, handedOver: secrets.value.isHandedOver,
                kept: kept.tokens.sorted() + kept.pins.sorted()),
            outdated: reconciliation.startFiles.changed,
            endpointsDown: down.sorted { $0.key.text < $1.key.text }.map(\.value), listener: listener,
            serverTroubles: servers, limits: .current(settings), failures: failures.list)
    }

    private func health() async -> (isWell: Bool, text: String) {
        let result = await withCheckedContinuation { continuation in
            Watchdog.checkLiveness(reconciliation.driver, reconciliation.commits) { continuation.resume(returning: $0) }
        }
        switch result {
        case .success: return (true, "ok")
        case .failure(let error): return (false, "the store is failing: \(error)")
        }
    }

    private func readiness() -> (isReady: Bool, text: String) {
        let status = state.withLock { $0.status }
        guard status.isReady else { return (false, "starting") }
        return status.isValid ? (true, "ok") : (false, status.invalid)
    }
}

extension DaemonProcess.State {
    fileprivate mutating func update(_ record: NumberRecord) {
        if record.isExposed { exposed.insert(record.number) } else { exposed.remove(record.number) }
    }
}

extension DesiredStateLoad {
    /// True when the file was valid.
    var isValid: Bool {
        switch self {
        case .handedOver, .notAccepted, .unchanged: true
        case .refused: false
        }
    }
}

/// Passes the engine's reports on to a receiver that exists only after the engine does.
final class ReportRelay: Sendable {
    /// In a structure: a bare function inside a `Mutex` gets another wrapper at every access, without end.
    private struct Receiver {
        let receive: @Sendable (EngineReport) -> Void
    }

    private let receiver = Mutex<Receiver?>(nil)

    func connect(_ receive: @escaping @Sendable (EngineReport) -> Void) {
        receiver.withLock { $0 = Receiver(receive: receive) }
    }

    func pass(_ report: EngineReport) { receiver.withLock { $0 }?.receive(report) }
}
