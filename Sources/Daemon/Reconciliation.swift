public import ConfigFile
import Dispatch
import Glibc
public import Logging
import Planning
public import Reconciler
public import Storage
import Vendors

/// The engine connected to store, vendor and files, for as long as a process works on a store: `run`, `apply`, `demo`.
public final class Reconciliation: Sendable {
    public let settings: Settings
    public let store: Store
    /// The queue of writes, and of reads that keep the order of the engine's commits.
    public let commits: CommitQueue
    let driver: EngineDriver
    let loader: DesiredStateLoader
    let flights: InFlightRequests
    let secrets: SecretsInForce
    /// The files that are read only at the start.
    let startFiles: StartFiles
    private let marker: TokenMarker
    private let hooks: HookDispatcher
    private let retention: HistoryRetention
    /// The counters for `/metrics`.
    let recorder = MetricsRecorder()
    private let lock: StoreLock
    private let client: HTTPVendorClient
    private let logger: Logger
    private let clock = SystemClock()
    /// The time that notifications in progress may take when everything is closed.
    private static let hookGrace: Duration = .seconds(5)
    /// The revision that was in force when the store was opened; nil for none.
    let revisionAtStart: Int?
    /// The latest instant that the store had recorded when it was opened.
    private let highWaterMark: Instant

    /// Acquires the store's lock, opens the store (created at the first start) and accounts for interrupted requests.
    ///
    /// - Parameters:
    ///   - settings: valid settings.
    ///   - settingsPath: the file that they were read from; nil when that does not matter.
    ///   - environment: the environment, which may name secrets and the service manager.
    ///   - command: `run` or `apply`, shown to other processes that need the store.
    ///   - logger: receives the events.
    ///   - onReport: receives every report of the engine, on its queue; it must not block.
    public init(
        settings: Settings, settingsPath: String? = nil, environment: [String: String], command: String, logger: Logger,
        onReport: @escaping @Sendable (EngineReport) -> Void
    ) throws(StartupError) {
        self.settings = settings
        self.logger = logger
        let files = ConfigurationFiles(settings: settings, environment: environment, clock: clock)
        let reading = files.readSecrets()
        guard let secrets = reading.value else {
            throw .configuration(reading.rendered(color: false))
        }
        startFiles = StartFiles(settings, settingsPath: settingsPath, secrets: secrets)
        let transport = try Transport(settings)
        do { try ProcessThreads.check(ProcessThreads.ofDaemon) } catch { throw .unavailable(error.description) }
        OpenFiles.provide(for: settings, logger: logger)
        let location = StoreLocation(directory: settings.stateDirectory)
        let now = clock.now()
        do {
            try location.prepareDirectory()
            lock = try StoreLock.acquire(at: location, command: command, pid: getpid(), now: now)
            files.readAhead(at: location)
            let (key, origin) = try StoreKey.forWriting(at: location, secrets: secrets, settings: settings)
            store = try Store.open(at: location, key: key)
            if case .generated(let path) = origin {
                logger.notice("No sealing key is configured: one was created", metadata: ["file": "\(path)"])
                try store.commit([
                    .event(EventEntry(at: now, kind: .keyGenerated, detail: "key \(key.id) made at \(path)"))
                ])
            }
            let finding = try store.passFence(at: location, now: now)
            if let problem = finding.problem {
                logger.error("Store was restored: every number is reset to be certain", metadata: ["why": "\(problem)"])
            }
            let interrupted = try store.recoverInterrupted(at: now)
            if !interrupted.isEmpty {
                logger.warning(
                    "An earlier process stopped before its requests were answered: they are in doubt",
                    metadata: ["requests": "\(interrupted.count)"])
            }
            highWaterMark = try store.reader.highWaterMark() ?? .distantPast
            revisionAtStart = try store.reader.desiredStateStatus().revision
            try store.recordStart(pid: getpid(), command: command, version: Version.number, at: now)
            try store.commit([.event(EventEntry(at: now, kind: .started, detail: "\(command), \(Version.text)"))])
        } catch {
            throw .store(error)
        }
        let recorder = recorder
        commits = CommitQueue(store: store, onTransaction: { recorder.recordCommit($0, succeeded: $1) })
        client = HTTPVendorClient(
            requestTimeout: settings.timing.requestTimeout, userAgent: "twostepd/\(Version.number)",
            transport: transport)
        flights = InFlightRequests(requestTimeout: settings.timing.requestTimeout)
        let inForce = SecretsInForce(secrets)
        self.secrets = inForce
        let marker: TokenMarker
        do { marker = try store.reader.tokenMarker() } catch { throw .store(error) }
        self.marker = marker
        do {
            hooks = try HookDispatcher(
                settings: settings, transport: transport, secrets: inForce, commits: commits, store: store,
                clock: clock, logger: logger)
        } catch {
            throw .store(error)
        }
        retention = HistoryRetention(keep: settings.keepChanges, commits: commits, clock: clock, logger: logger)
        let log = ReportLog(logger: logger)
        let relay = ReportRelay()
        let audit = GuardAudit(
            commits: commits, clock: clock, maxExposed: settings.limits.maxExposed, logger: logger)
        let driver = EngineDriver(
            policy: settings.policy(),
            store: StoreAdapter(
                queue: commits, desiredStateGuard: DesiredStateGuard(maximumPercent: settings.limits.maxWeakenedPercent)
            ),
            vendor: VendorAdapter(client: client, secrets: inForce, flights: flights), clock: clock,
            onReport: { report in
                log.write(report)
                audit.handle(report)
                recorder.handle(report)
                relay.pass(report)
                onReport(report)
            })
        self.driver = driver
        loader = DesiredStateLoader(
            files: files, settings: settings, secrets: inForce, startFiles: startFiles, marker: marker,
            commits: commits, clock: clock, logger: logger, post: { driver.post($0) })
        relay.connect { [loader] report in
            if case .desiredState(let report) = report { loader.handle(report) }
        }
    }

    /// Starts the engine on the content of the store. A desired state follows with
    /// ``load(acceptance:onlyIfChanged:completion:)``.
    public func start() throws(StartupError) {
        do {
            let start = EngineStart(
                nextChangeID: try store.reader.nextChangeID(), openCycles: try store.reader.numbersInOpenCycles(),
                nextDueAt: try store.reader.nextDueAt(),
                highWaterMark: highWaterMark, fleetPause: try store.reader.fleetPause(),
                recentRequests: try store.reader.recentRequests(at: clock.now()),
                refusingDisable: try store.reader.accountsRefusingDisable(),
                hasWindows: try store.reader.hasWindows()
            )
            driver.post(.started(start))
            hooks.start()
        } catch {
            throw .store(error)
        }
    }

    /// Reads the desired state and the secrets again. An `acceptance` is an operator's permission to adopt the state
    /// that is held. With `onlyIfChanged`, files that are unchanged since the last reading are skipped.
    public func load(
        acceptance: Acceptance? = nil, onlyIfChanged: Bool = false,
        completion: @escaping @Sendable (DesiredStateLoad) -> Void
    ) {
        loader.load(acceptance: acceptance, onlyIfChanged: onlyIfChanged, completion: completion)
    }

    /// Returns the marks of the secrets that were read last.
    func secretMarks() async -> SecretMarks {
        let (marker, pins) = (marker, store.reader.operatorPINMarker)
        let marksOfPINs = pins.map { pins in { (pin: PIN, name: String) in pins.mark(of: pin, named: name) } }
        return SecretMarks(secrets.value.fileMarks(token: { marker.mark(of: $0) }, pin: marksOfPINs) ?? [:])
    }

    /// Hands the engine an order; the report `orderEnded` with the same id states the result.
    func order(_ id: OrderID, _ order: Order, _ scope: OrderScope, _ event: EventEntry) {
        driver.post(.ordered(id, order, scope, event))
    }

    /// Replans the rotations whose window is in a time zone, after offsets have changed.
    func followZones() { driver.post(.zonesChanged) }

    /// Reports the reason why the files cannot be watched, or with nil that they are: in the log, and where `status`
    /// and `doctor` find it.
    func reportWatching(_ problem: String?) {
        if let problem {
            logger.warning("Files cannot be watched: they are compared every 30 s", metadata: ["why": "\(problem)"])
        } else {
            logger.notice("Files are watched again")
        }
        let now = clock.now()
        let state = GuardState(.filesPolled, since: problem.map { _ in now }, detail: problem ?? "")
        commits.submit([.guardState(state)]) { [logger] result in
            if case .failure(let error) = result { logger.error("Store failed", metadata: ["error": "\(error)"]) }
        }
    }

    /// Reads the part of a large store that a start does not wait for, in the background.
    func checkHistory() {
        let (location, logger) = (StoreLocation(directory: settings.stateDirectory), logger)
        DispatchQueue(label: "twostepd.check", qos: .background).async {
            do {
                let reader = try StoreReader.open(at: location, key: nil)
                if let problem = try reader.deferredIntegrityProblem() {
                    logger.error(
                        "History in the store is damaged: stop the daemon and restore a backup",
                        metadata: ["problem": "\(problem)"])
                }
                try reader.close()
            } catch {
                logger.error("Store cannot be checked", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Starts pruning history that is older than `keep_changes`, for as long as the process runs.
    func startRetention() { retention.start() }

    /// Prunes some of the history that is older than `keep_changes`: for passes that end soon.
    public func pruneHistory() async {
        guard let keep = settings.keepChanges else { return }
        let now = clock.now()
        // After so long a gap the store was unused, or the clock is wrong: the next pass can tell which.
        guard highWaterMark.duration(to: now) < Self.maxGap else { return }
        var recordsEvent = true
        for _ in 0..<Self.maxSteps {
            let recordsNow = recordsEvent
            let result = await commits.result(of: { store throws(StorageError) in
                try HistoryRetention.step(store, keep: keep, slack: .zero, now: now, recordsEvent: recordsNow)
            })
            recordsEvent = false
            switch result {
            case .success(let step) where step.isUnfinished: continue
            case .success: return
            case .failure(let error):
                return logger.error("Old history could not be removed", metadata: ["error": "\(error)"])
            }
        }
    }

    private static let maxGap: Duration = .seconds(30 * 86_400)
    /// Some seconds of work: the rest is for the next pass.
    private static let maxSteps = 200

    /// Requests a clean stop of the engine; the report `stopped` follows when it is complete.
    public func requestStop() { driver.post(.stopRequested) }

    /// Delivers the notifications that are due, for at most `limit`; the rest waits in the store.
    public func deliverNotifications(within limit: Duration) async { await hooks.drain(within: limit) }

    /// Closes everything, after the engine has stopped.
    public func close() async {
        retention.stop()
        await client.shutdown()
        await hooks.stop(within: Self.hookGrace)
        await withCheckedContinuation { continuation in
            let event = EventEntry(at: clock.now(), kind: .stopped, detail: "clean stop")
            commits.submit([.event(event)]) { result in
                if case .failure(let error) = result {
                    self.logger.error("Store failed", metadata: ["error": "\(error)"])
                }
                continuation.resume()
            }
        }
        do {
            try store.recordStop(at: clock.now())
            try store.close()
            try lock.release()
        } catch {
            logger.error("Store failed", metadata: ["error": "\(error)"])
        }
    }
}

extension Transport {
    /// The transport that the settings ask for.
    init(_ settings: Settings) throws(StartupError) {
        do {
            try self.init(
                caFile: settings.caFile, proxy: settings.proxy.map { Proxy(host: $0.host, port: $0.port) })
        } catch {
            throw .configuration(error.description)
        }
    }
}
