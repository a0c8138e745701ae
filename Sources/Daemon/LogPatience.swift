import Synchronization

/// How long a line of the log waits for whoever takes it: a journal that hangs, or a pipe that nobody reads, must not hold
/// up a rotation.
final class LogPatience: Sendable {
    private struct State {
        var isBusy = false
        var lost = 0
    }

    private let state = Mutex(State())

    /// A second for the first line that finds it busy, and nothing for those that follow until one is taken.
    var milliseconds: Int32 { state.withLock { $0.isBusy ? 0 : 1000 } }

    /// One was not taken in time.
    func noteLost() {
        state.withLock { state in
            state.isBusy = true
            state.lost += 1
        }
    }

    /// One was taken. Gives how many were lost since the last one that was.
    func noteTaken() -> Int {
        state.withLock { state in
            defer { state = State() }
            return state.lost
        }
    }
}
