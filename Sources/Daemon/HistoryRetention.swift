import Dispatch
import Logging
import Planning
import Storage
import Synchronization

/// Lets history go that is older than `keep_changes`, and gives the room that it took back to the file system.
///
/// The work is done in short transactions behind the engine's own, one at a time; while the engine commits, it waits
/// between them. A wall-clock timer is set for the instant at which the oldest piece has been kept long enough, so that
/// nothing wakes while nothing is that old.
final class HistoryRetention: Sendable {
    /// How old history may get; nil for ever.
    private let keep: Duration?
    private let commits: CommitQueue
    private let clock: SystemClock
    private let logger: Logger
    private let queue = DispatchQueue(label: "twostepd.retention")
    private let state = Mutex(State())
    private let alarm: Alarm

    private struct State {
        var isStopped = false
        /// The two clocks when they were last compared.
        var wall: Instant?
        var steady = ContinuousClock.now
        /// What this piece of work has removed so far.
        var removed = Pruning()
        var hasTold = false
    }

    /// How many links one transaction removes: some milliseconds.
    static let links = 500
    static let revisions = 50
    /// How many free pages one transaction gives back.
    static let pages = 256
    /// How long it waits while the engine has commits of its own.
    private static let courtesy: Duration = .seconds(1)
    /// The wall clock may run this far ahead of the time that passed before it is distrusted.
    private static let trusted: Duration = .seconds(600)

    init(keep: Duration?, commits: CommitQueue, clock: SystemClock, logger: Logger) {
        self.keep = keep
        self.commits = commits
        self.clock = clock
        self.logger = logger
        alarm = Alarm(on: queue)
        alarm.onRing { [weak self] in self?.ring() }
    }

    /// Begins some time after the start, when a clock that was wrong at first has had time to be put right.
    func start() {
        compareClocks()
        alarm.set(after: patience)
    }

    /// Ends the work after the step that is under way.
    func stop() {
        state.withLock { $0.isStopped = true }
        alarm.cancel()
    }

    /// An hour where a year is kept, some seconds where a day is.
    private var patience: Duration { keep.map { min($0 / 10_000, .seconds(3600)) } ?? .seconds(3600) }
    /// History goes a day's worth at a time where a year is kept: each piece of work has its event in the audit trail.
    private var slack: Duration { keep.map { min($0 / 400, .seconds(86_400)) } ?? .seconds(86_400) }

    private func ring() {
        guard !state.withLock({ $0.isStopped }) else { return }
        guard compareClocks() else {
            logger.warning("Clock was set far ahead: history is not removed before it has stayed so for a while")
            alarm.set(after: patience)
            return
        }
        step()
    }

    /// Whether the wall clock has gone on as time has, since they were last compared.
    @discardableResult
    private func compareClocks() -> Bool {
        let (wall, steady) = (clock.now(), ContinuousClock.now)
        return state.withLock { state in
            defer { (state.wall, state.steady) = (wall, steady) }
            guard let last = state.wall else { return true }
            return last.duration(to: wall) <= state.steady.duration(to: steady) + Self.trusted
        }
    }

    /// One transaction, and then the next one at once, or later.
    private func step() {
        let (keep, now) = (keep, clock.now())
        let tells = !state.withLock { $0.hasTold }
        let slack = slack
        commits.perform({ store throws(StorageError) in
            try Self.step(store, keep: keep, slack: slack, now: now, tells: tells)
        }) { [weak self] result in
            guard let self else { return }
            queue.async { self.goOn(after: result) }
        }
    }

    /// What one transaction did, and when the next one is due: nil for never.
    struct Step: Sendable {
        var removed = Pruning()
        var isUnfinished = false
        var nextAt: Instant?
    }

    /// Does what is to be done at `now`, as far as it fits into one short transaction.
    static func step(
        _ store: Store, keep: Duration?, slack: Duration, now: Instant, tells: Bool
    ) throws(StorageError) -> Step {
        var step = Step()
        if let keep {
            let date = now.advanced(by: .zero - keep)
            let isDue = try store.reader.oldestHistory().map { $0 < (tells ? date.advanced(by: .zero - slack) : date) }
            if isDue ?? false {
                step.removed = try store.pruneOldest(
                    before: date, at: now, limit: links, policy: tells ? "keep_changes is \(keep.periodText)" : nil)
                step.isUnfinished = step.removed.isUnfinished
                if step.isUnfinished { return step }
                step.isUnfinished = try store.pruneRevisions(before: date, limit: revisions) == revisions
                if step.isUnfinished { return step }
            }
        }
        step.isUnfinished = try store.giveBackSpace(atMost: pages)
        guard !step.isUnfinished, let keep else { return step }
        // What is old and stays, because it is the newest, must not make this busy.
        let oldest = try store.reader.oldestHistory() ?? now
        step.nextAt = max(oldest.advanced(by: keep), now).advanced(by: slack)
        return step
    }

    private func goOn(after result: Result<Step, StorageError>) {
        switch result {
        case .failure(let error):
            logger.error("Old history is not removed", metadata: ["error": "\(error)"])
            finish(nextAt: clock.now().advanced(by: .seconds(86_400)))
        case .success(let step):
            state.withLock { state in
                state.removed.changes += step.removed.changes
                state.removed.events += step.removed.events
                if step.removed.changes + step.removed.events > 0 { state.hasTold = true }
            }
            guard step.isUnfinished else { return finish(nextAt: step.nextAt) }
            guard !state.withLock({ $0.isStopped }) else { return }
            if commits.length == 0 { self.step() } else { alarm.set(after: Self.courtesy) }
        }
    }

    private func finish(nextAt: Instant?) {
        let (removed, isStopped) = state.withLock { state in
            defer { (state.removed, state.hasTold) = (Pruning(), false) }
            return (state.removed, state.isStopped)
        }
        if removed.changes + removed.events > 0 {
            logger.notice(
                "Old history was removed",
                metadata: [
                    "requests": "\(removed.changes)", "events": "\(removed.events)",
                    "keep_changes": "\(keep?.periodText ?? "unlimited")",
                ])
        }
        guard let nextAt, !isStopped else { return }
        alarm.setLoosely(after: max(clock.now().duration(to: nextAt), .seconds(1)))
    }
}
