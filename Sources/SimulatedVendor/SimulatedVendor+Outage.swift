import NIOCore
import Synchronization

extension SimulatedVendor {
    /// Refuses all connections for `time`.
    public func outage(for time: Duration) {
        beginOutage()
        group.any().scheduleTask(in: .milliseconds(time.milliseconds)) { self.endOutage() }
    }

    /// Refuses all connections from now on: the listener and every connection are closed.
    public func beginOutage() {
        let channels = state.withLock { state -> [any Channel] in
            state.outages += 1
            defer { state.listener = nil }
            return Array(state.channels.values) + [state.listener].compactMap { $0 }
        }
        for channel in channels { channel.close(promise: nil) }
    }

    /// Listens again, on the same port, when no other outage goes on.
    public func endOutage() {
        state.withLock { $0.outages = max(0, $0.outages - 1) }
        reopen()
    }

    private func reopen() {
        let port = state.withLock { state in
            state.outages == 0 && state.listener == nil && !state.isStopped ? state.port : nil
        }
        guard let port else { return }
        listen(on: port).whenFailure { _ in
            // The port is still closing, or another outage has just ended: once more, until it is open or stopped.
            self.group.any().scheduleTask(in: .milliseconds(20)) { self.reopen() }
        }
    }
}
