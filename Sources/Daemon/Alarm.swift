import Dispatch
import Planning

/// A timer that rings once each time that it is set.
///
/// Unchecked, because Dispatch lets any thread set or cancel a timer.
struct Alarm: @unchecked Sendable {
    private let timer: any DispatchSourceTimer

    /// - Parameter queue: where it rings: one of somebody's own. The global ones have a thread that wakes every second.
    init(on queue: DispatchQueue) {
        timer = DispatchSource.makeTimerSource(queue: queue)
        // At once: Dispatch ends a process that lets go of a timer which was never activated.
        timer.schedule(deadline: .distantFuture)
        timer.activate()
    }

    /// Says what happens when it rings.
    func onRing(_ handler: @escaping @Sendable () -> Void) { timer.setEventHandler(handler: handler) }

    /// Sets it, in place of the time that it was set to before; it rings in a millisecond at the earliest.
    func set(after time: Duration) {
        timer.schedule(deadline: .now() + .milliseconds(Int(clamping: max(1, time.milliseconds))))
    }

    /// The same by the wall clock, which goes on while the machine sleeps, and up to a minute late: with whatever else wakes
    /// the machine then.
    func setLoosely(after time: Duration) {
        timer.schedule(
            wallDeadline: .now() + .milliseconds(Int(clamping: max(1, time.milliseconds))), leeway: .seconds(60))
    }

    /// It never rings again.
    func cancel() { timer.cancel() }
}
