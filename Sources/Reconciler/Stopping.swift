import Planning

/// The clean stop: work that has begun is completed within the grace period.
///
/// Valid transitions are: running -> stopping -> stopped.
struct Stopping: Sendable {
    private enum State: Sendable {
        case running
        case stopping(deadline: SteadyInstant)
        case stopped
    }

    private var state = State.running

    var isRequested: Bool { if case .running = state { false } else { true } }
    var isStopped: Bool { if case .stopped = state { true } else { false } }
    /// The end of the grace period; nil unless a stop is under way.
    var deadline: SteadyInstant? { if case .stopping(let deadline) = state { deadline } else { nil } }

    /// Requests a stop; a second request changes nothing.
    mutating func request(deadline: SteadyInstant) {
        if case .running = state { state = .stopping(deadline: deadline) }
    }

    /// Returns whether the engine stops now: everything is quiet, or the grace period is over.
    mutating func finish(isQuiet: @autoclosure () -> Bool, now: SteadyInstant) -> Bool {
        guard case .stopping(let deadline) = state, now >= deadline || isQuiet() else { return false }
        state = .stopped
        return true
    }
}
