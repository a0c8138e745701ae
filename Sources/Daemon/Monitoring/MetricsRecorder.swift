import Planning
import Reconciler
import Synchronization

/// Counters of the running daemon, fed by the engine's reports and the commit queue.
final class MetricsRecorder: Sendable {
    /// The counts since the start.
    struct Counts: Sendable {
        /// The count of completed requests, by result.
        var requests: [Ending: Int]
        /// The count of observers' answers, by result.
        var observations: [ObservationResult: Int]
        /// The histogram of seconds from sending to the answer, by action.
        var durations: [VendorAction: Histogram]
        /// The histogram of seconds of one durable transaction.
        var commits = Histogram(bounds: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5])
        var failedCommits = 0
        var inFlight = 0
        var storeIsFailing = false

        init() {
            let endings = VendorAction.allCases.flatMap { action in
                Verdict.allCases.map { Ending(action: action, verdict: $0) }
            }
            requests = Dictionary(uniqueKeysWithValues: endings.map { ($0, 0) })
            observations = Dictionary(uniqueKeysWithValues: ObservationResult.allCases.map { ($0, 0) })
            let empty = Histogram(bounds: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30])
            durations = Dictionary(uniqueKeysWithValues: VendorAction.allCases.map { ($0, empty) })
        }
    }

    /// The result of a request.
    struct Ending: Hashable, Sendable {
        let action: VendorAction
        let verdict: Verdict
    }

    /// The result of a request to an observer.
    enum ObservationResult: String, CaseIterable {
        case on
        case off
        /// The state could not be observed.
        case unknown

        init(_ answer: ObserverAnswer) {
            switch answer {
            case .enabled: self = .on
            case .disabled: self = .off
            case .unknown: self = .unknown
            }
        }
    }

    private let state = Mutex(Counts())

    var counts: Counts { state.withLock { $0 } }

    func handle(_ report: EngineReport) {
        switch report {
        case .number(.requestSent): state.withLock { $0.inFlight += 1 }
        case .number(.requestEnded(let change, _)): recordEnd(change)
        case .number(.observed(_, let answer)):
            state.withLock { $0.observations[ObservationResult(answer), default: 0] += 1 }
        case .store(.failed): state.withLock { $0.storeIsFailing = true }
        case .store(.recovered): state.withLock { $0.storeIsFailing = false }
        case .number(.planned), .number(.setAside), .number(.readAgain), .number(.pinsUnreadable), .desiredState,
            .orderEnded, .guardChanged, .stopped:
            break
        }
    }

    private func recordEnd(_ change: ChangeEntry) {
        guard let outcome = change.outcome, let answeredAt = change.answeredAt else { return }
        // The wall clock may have been set in the meantime.
        let seconds = max(0, Double(change.sentAt.duration(to: answeredAt).milliseconds) / 1000)
        state.withLock { counts in
            counts.inFlight = max(0, counts.inFlight - 1)
            counts.requests[Ending(action: change.action, verdict: outcome.verdict), default: 0] += 1
            counts.durations[change.action]?.observe(seconds)
        }
    }

    /// Counts a transaction of the commit queue that ended.
    func recordCommit(_ duration: Duration, succeeded: Bool) {
        let (seconds, attoseconds) = duration.components
        state.withLock { counts in
            counts.commits.observe(Double(seconds) + Double(attoseconds) / 1e18)
            if !succeeded { counts.failedCommits += 1 }
        }
    }
}
