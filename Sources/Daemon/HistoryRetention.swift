import Dispatch
import Logging
import Planning
import Storage
import Synchronization

/// Prunes history that is older than `keep_changes`, and returns the space to the file system.
///
/// The work is done in short transactions behind the engine's own, one at a time; while the engine commits, it waits
/// between them. A wall-clock timer is set for the instant at which the oldest row has been kept long enough, so that
/// nothing wakes while nothing is that old.
final class HistoryRetention: Sendable {
    /// The maximum age of history; nil for no limit.
    private let keep: Duration?
    private let commits: CommitQueue
    private let clock: SystemClock
    private let logger: Logger
    private let queue = DispatchQueue(label: "twostepd.retention")
    private let state = Mutex(State())
    private let timer: OneShotTimer

    private struct State {
        var isStopped = false
        /// The two clocks at the last comparison.
        var wall: Instant?
        var steady = ContinuousClock.now
        /// The rows that this run has removed so far.
        var removed = Pruning()
        var hasRecordedEvent = false
    }

    /// The links that one transaction removes, which takes some milliseconds.
    static let links = 500
    static let revisions = 50
    /// The free pages that one transaction returns.
    static let pages = 256
    /// The wait while the engine has commits of its own.
    private static let courtesy: Duration = .seconds(1)
    /// The distance that the wall clock may run ahead of elapsed time before it is distrusted.
    private static let trusted: Duration = .seconds(600)

    init(keep: Duration?, commits: CommitQueue, clock: SystemClock, logger: Logger) {
        self.keep = keep
        self.commits = commits
        self.clock = clock
        self.logger = logger
        timer = OneShotTimer(on: queue)
        timer.onFire { [weak self] in self?.ring() }
    }

    /// Begins some time after the start, when a clock that was wrong at first has had time to be corrected.
    func start() {
        compareClocks()
        timer.set(after: patience)
    }

    /// Ends the work after the step in progress.
    func stop() {
        state.withLock { $0.isStopped = true }
        timer.cancel()
    }

    /// The delay before the first run: an hour where a year is kept, some seconds where a day is.
    private var patience: Duration { keep.map { min($0 / 10_000, .seconds(3600)) } ?? .seconds(3600) }
    /// The age beyond `keep` at which a run starts: a day where a year is kept, because each run has its event in the
    /// audit trail.
    private var slack: Duration { keep.map { min($0 / 400, .seconds(86_400)) } ?? .seconds(86_400) }

    private func ring() {
        guard !state.withLock({ $0.isStopped }) else { return }
        guard compareClocks() else {
            logger.warning("Clock was set far ahead: no history is removed until the clock has been stable for a while")
            timer.set(after: patience)
            return
        }
        step()
    }

    /// Returns true when the wall clock has advanced like elapsed time since the last comparison.
    @discardableResult
    private func compareClocks() -> Bool {
        let (wall, steady) = (clock.now(), ContinuousClock.now)
        return state.withLock { state in
            defer { (state.wall, state.steady) = (wall, steady) }
            guard let last = state.wall else { return true }
            return last.duration(to: wall) <= state.steady.duration(to: steady) + Self.trusted
        }
    }

    /// Runs one transaction, and then the next one, at once or later.
    private func step() {
        let (keep, now) = (keep, clock.now())
        let recordsEvent = !state.withLock { $0.hasRecordedEvent }
        let slack = slack
        commits.perform({ store throws(StorageError) in
            try Self.step(store, keep: keep, slack: slack, now: now, recordsEvent: recordsEvent)
        }) { [weak self] result in
            guard let self else { return }
            queue.async { self.goOn(after: result) }
        }
    }

    /// The result of one transaction, and the instant of the next one: nil for never.
    struct Step: Sendable {
        var removed = Pruning()
        var isUnfinished = false
        var nextAt: Instant?
    }

    /// Does the work that is due at `now`, as far as it fits into one short transaction.
    static func step(
        _ store: Store, keep: Duration?, slack: Duration, now: Instant, recordsEvent: Bool
    ) throws(StorageError) -> Step {
        var step = Step()
        if let keep {
            let date = now.advanced(by: .zero - keep)
            let isDue = try store.reader.oldestHistory().map {
                $0 < (recordsEvent ? date.advanced(by: .zero - slack) : date)
            }
            if isDue ?? false {
                step.removed = try store.pruneOldest(
                    before: date, at: now, limit: links,
                    policy: recordsEvent ? "keep_changes is \(keep.periodText)" : nil)
                step.isUnfinished = step.removed.isUnfinished
                if step.isUnfinished { return step }
                step.isUnfinished = try store.pruneRevisions(before: date, limit: revisions) == revisions
                if step.isUnfinished { return step }
            }
        }
        step.isUnfinished = try store.releaseSpace(atMost: pages)
        guard !step.isUnfinished, let keep else { return step }
        // Old rows that stay because they are the newest must not cause constant work.
        let oldest = try store.reader.oldestHistory() ?? now
        step.nextAt = max(oldest.advanced(by: keep), now).advanced(by: slack)
        return step
    }

    private func goOn(after result: Result<Step, StorageError>) {
        switch result {
        case .failure(let error):
            logger.error("Old history could not be removed", metadata: ["error": "\(error)"])
            finish(nextAt: clock.now().advanced(by: .seconds(86_400)))
        case .success(let step):
            state.withLock { state in
                state.removed.changes += step.removed.changes
                state.removed.events += step.removed.events
                if step.removed.changes + step.removed.events > 0 { state.hasRecordedEvent = true }
            }
            guard step.isUnfinished else { return finish(nextAt: step.nextAt) }
            guard !state.withLock({ $0.isStopped }) else { return }
            if commits.length == 0 { self.step() } else { timer.set(after: Self.courtesy) }
        }
    }

    private func finish(nextAt: Instant?) {
        let (removed, isStopped) = state.withLock { state in
            defer { (state.removed, state.hasRecordedEvent) = (Pruning(), false) }
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
        timer.setLoosely(after: max(clock.now().duration(to: nextAt), .seconds(1)))
    }
}
