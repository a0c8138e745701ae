import Dispatch
import Planning

/// A timer that fires once each time it is set.
///
/// Unchecked, because Dispatch lets any thread set or cancel a timer.
struct OneShotTimer: @unchecked Sendable {
    private let timer: any DispatchSourceTimer

    /// - Parameter queue: the queue that it fires on, which must be a private one. The thread of a global queue wakes
    ///   every second.
    init(on queue: DispatchQueue) {
        timer = DispatchSource.makeTimerSource(queue: queue)
        // Activated at once: Dispatch ends a process that releases a timer which was never activated.
        timer.schedule(deadline: .distantFuture)
        timer.activate()
    }

    /// Sets the handler that runs when the timer fires.
    func onFire(_ handler: @escaping @Sendable () -> Void) { timer.setEventHandler(handler: handler) }

    /// Sets the timer, in place of an earlier setting; it fires in a millisecond at the earliest.
    func set(after time: Duration) {
        timer.schedule(deadline: .now() + .milliseconds(Int(clamping: max(1, time.milliseconds))))
    }

    /// Sets the timer by the wall clock, which goes on while the machine sleeps. It fires up to a minute late, together
    /// with other timers that wake the machine then.
    func setLoosely(after time: Duration) {
        timer.schedule(
            wallDeadline: .now() + .milliseconds(Int(clamping: max(1, time.milliseconds))), leeway: .seconds(60))
    }

    /// Cancels the timer for good.
    func cancel() { timer.cancel() }
}
