import Dispatch
import Glibc
import Planning

/// One wake-up on the wall clock and one on the monotonic clock, re-armed for each next instant.
///
/// On Linux a wall-clock Dispatch timer is an absolute `CLOCK_REALTIME` timer: it fires at once after the clock jumps
/// forward or the machine resumes, and waits when the clock is set back. The monotonic timer is not affected by the
/// wall clock. Confined to the queue on which they fire.
final class WakeTimer {
    private let queue: DispatchQueue
    private var wallSource: (any DispatchSourceTimer)?
    private var steadySource: (any DispatchSourceTimer)?
    var onFire: (() -> Void)?

    init(queue: DispatchQueue) {
        self.queue = queue
    }

    deinit {
        wallSource?.cancel()
        steadySource?.cancel()
    }

    /// Arms the timer to fire once when the wall clock shows `wall`, and once after the duration `after`: at once for a
    /// time that has passed, never for nil.
    func arm(wall: Instant?, after: Duration?) {
        wallSource?.cancel()
        steadySource?.cancel()
        wallSource = wall.map { instant in
            let milliseconds = max(0, instant.millisecondsSinceEpoch)
            let time = timespec(tv_sec: Int(milliseconds / 1000), tv_nsec: Int(milliseconds % 1000) * 1_000_000)
            return source { $0.schedule(wallDeadline: DispatchWallTime(timespec: time), leeway: .milliseconds(1)) }
        }
        steadySource = after.map { duration in
            let milliseconds = Int(clamping: max(0, duration.milliseconds))
            return source { $0.schedule(deadline: .now() + .milliseconds(milliseconds), leeway: .milliseconds(1)) }
        }
    }

    private func source(_ schedule: (any DispatchSourceTimer) -> Void) -> any DispatchSourceTimer {
        let source = DispatchSource.makeTimerSource(queue: queue)
        schedule(source)
        source.setEventHandler { [weak self] in self?.onFire?() }
        source.resume()
        return source
    }
}
