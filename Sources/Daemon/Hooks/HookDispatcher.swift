import ConfigFile
import Dispatch
import Logging
import Planning
import Storage
import Synchronization
import Vendors

/// Sends notifications to other systems: each hook independently, each number's notifications in order, until they are
/// delivered.
///
/// The notifications are in the store's outbox. They are committed with the change that they report, so a crash loses
/// none, and may cause a duplicate. Nothing here blocks the engine.
final class HookDispatcher: Sendable {
    private let workers: [HookWorker]
    private let client: WebhookClient

    /// Records the settings' hooks in the store.
    init(
        settings: Settings, transport: Transport, secrets: SecretsInForce, commits: CommitQueue, store: Store,
        clock: SystemClock, logger: Logger
    ) throws(StorageError) {
        let dropped = try store.setHooks(settings.hooks.map { ($0.name, $0.kinds) })
        if dropped > 0 {
            logger.warning("Notifications of removed hooks were dropped", metadata: ["count": "\(dropped)"])
        }
        let client = WebhookClient(userAgent: "twostepd/\(Version.number)", transport: transport)
        self.client = client
        workers = settings.hooks.map {
            HookWorker(hook: $0, client: client, secrets: secrets, commits: commits, clock: clock, logger: logger)
        }
        guard !workers.isEmpty else { return }
        let workers = workers
        store.onNewNotifications { workers.forEach { $0.wake() } }
    }

    /// Starts delivery with the notifications in the outbox.
    func start() { workers.forEach { $0.start() } }

    /// Stops delivery: attempts in progress have `grace` to finish; the rest waits in the store.
    func stop(within grace: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            for worker in workers { group.addTask { await worker.stop(within: grace) } }
        }
        await client.shutdown()
    }

    /// Waits until nothing is due, for at most `limit`.
    func drain(within limit: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            for worker in workers { group.addTask { await worker.drain(within: limit) } }
        }
    }
}

/// Delivers the notifications to one hook.
final class HookWorker: Sendable {
    private struct State {
        var task: Task<Void, Never>?
        var isStopping = false
        var isIdle = true
        var idle: [CheckedContinuation<Void, Never>] = []
        /// The end of a wait that the receiver asked for; nothing is sent before it.
        var heldUntil: ContinuousClock.Instant?
    }

    /// The limit of attempts, about a day after the first; then the notification is dropped.
    static let maxAttempts = 36

    private let hook: HookSettings
    private let delivery: HookDelivery
    private let commits: CommitQueue
    private let clock: SystemClock
    private let logger: Logger
    private let wakeups = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    private let state = Mutex(State())
    private let timer: OneShotTimer

    init(
        hook: HookSettings, client: WebhookClient, secrets: SecretsInForce, commits: CommitQueue, clock: SystemClock,
        logger: Logger
    ) {
        self.hook = hook
        self.commits = commits
        self.clock = clock
        self.logger = logger
        delivery = HookDelivery(
            hook: hook, secrets: secrets, client: client, clock: clock,
            pin: { notification async throws(HookDelivery.Failure) in
                try await Self.revealPIN(notification, to: hook, commits, clock)
            })
        timer = OneShotTimer(on: DispatchQueue(label: "twostepd.hook"))
        timer.onFire { [weak self] in self?.wake() }
    }

    /// Signals that a notification may be due.
    func wake() { wakeups.continuation.yield() }

    func start() {
        let task = Task {
            for await _ in wakeups.stream {
                state.withLock { $0.isIdle = false }
                await work()
                let waiting = state.withLock { state in
                    state.isIdle = true
                    defer { state.idle = [] }
                    return state.idle
                }
                waiting.forEach { $0.resume() }
            }
        }
        state.withLock { $0.task = task }
        wake()
    }

    func stop(within grace: Duration) async {
        let task = state.withLock { state in
            state.isStopping = true
            return state.task
        }
        timer.cancel()
        wakeups.continuation.finish()
        guard let task else { return }
        let guardian = Task {
            try await Task.sleep(for: grace)
            task.cancel()
        }
        await task.value
        guardian.cancel()
    }

    /// Waits until nothing is due, for at most `limit`.
    func drain(within limit: Duration) async {
        let release = Task {
            try await Task.sleep(for: limit)
            state.withLock { state in
                defer { state.idle = [] }
                return state.idle
            }.forEach { $0.resume() }
        }
        await withCheckedContinuation { continuation in
            state.withLock { $0.idle.append(continuation) }
            wake()
        }
        release.cancel()
    }

    /// Delivers until nothing is due, and sets the timer for notifications that are due later.
    private func work() async {
        while !state.withLock({ $0.isStopping }) {
            if let heldUntil = state.withLock({ $0.heldUntil }), heldUntil > .now {
                return wait(for: ContinuousClock.now.duration(to: heldUntil))
            }
            let next: NextNotification
            do {
                next = try await perform { [hook, clock] store throws(StorageError) in
                    try store.nextNotification(for: hook.name, now: clock.now())
                }
            } catch {
                // The engine reports the store's own failures; delivery is retried in a minute, or with the next
                // notification.
                return wait(for: .seconds(60))
            }
            switch next {
            case .nothing: return
            case .wait(let until): return wait(for: clock.now().duration(to: until))
            case .deliver(let notification):
                guard await deliver(notification) else { return wait(for: .seconds(60)) }
            }
        }
    }

    /// - Returns: true when the store recorded the result.
    private func deliver(_ notification: HookNotification) async -> Bool {
        var metadata: Logger.Metadata = ["hook": "\(hook.name)", "kind": "\(notification.kind.rawValue)"]
        if let number = notification.number { metadata["number"] = "\(number)" }
        if let change = notification.changeID { metadata["change"] = "\(change)" }
        do throws(HookDelivery.Failure) {
            try await delivery.deliver(notification)
        } catch {
            guard !Task.isCancelled else { return true }
            let isLast = notification.attempts + 1 >= Self.maxAttempts
            let now = clock.now()
            let asked = error.retryAfter ?? .zero
            let retryAt = isLast ? nil : now.advanced(by: max(asked, Self.backoff(after: notification.attempts + 1)))
            if error.isOverloaded, asked > .zero {
                state.withLock { $0.heldUntil = ContinuousClock.now + asked }
                metadata["retry_after"] = "\(asked.roughText)"
            }
            metadata["error"] = "\(error)"
            metadata["attempts"] = "\(notification.attempts + 1)"
            if isLast {
                logger.error("Hook failed for the last time, the notification is given up", metadata: metadata)
            } else {
                logger.log(level: notification.attempts == 0 ? .warning : .debug, "Hook failed", metadata: metadata)
            }
            return await persist { [hook] store throws(StorageError) in
                try store.recordFailedAttempt(
                    notification, hook: hook.name, error: error.description, at: now, retryAt: retryAt)
            }
        }
        logger.debug("Notification delivered", metadata: metadata)
        return await persist { [hook] store throws(StorageError) in
            try store.markDelivered(notification, hook: hook.name)
        }
    }

    private func persist(_ work: @escaping @Sendable (Store) throws(StorageError) -> Void) async -> Bool {
        do {
            try await perform(work)
            return true
        } catch {
            return false
        }
    }

    private func perform<Value: Sendable>(
        _ work: @escaping @Sendable (Store) throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        try await commits.result(of: work).get()
    }

    /// Returns the delay before the next attempt: 5 s, 10 s, 20 s … 1 h.
    static func backoff(after tries: Int) -> Duration {
        min(.seconds(5) * (1 << min(max(tries, 1) - 1, 10)), .seconds(3600))
    }

    private func wait(for time: Duration) {
        timer.set(after: time)
    }

    /// Returns the PIN of a rotation, after the audit trail has recorded its recipient.
    private static func revealPIN(
        _ notification: HookNotification, to hook: HookSettings, _ commits: CommitQueue, _ clock: SystemClock
    ) async throws(HookDelivery.Failure) -> PIN? {
        guard let number = notification.number, let generation = notification.generation else { return nil }
        let event = EventEntry(
            at: clock.now(), kind: .pinRevealed, number: number, actor: "hook \(hook.name)",
            detail: "generation \(generation), for a program, as the settings say")
        let result = await commits.result(of: { store throws(StorageError) in
            try store.commit([.event(event)])
            return try store.reader.pin(of: number, generation: generation)
        })
        do {
            return try result.get()
        } catch {
            throw HookDelivery.Failure(description: "the PIN cannot be read: \(error)")
        }
    }
}
