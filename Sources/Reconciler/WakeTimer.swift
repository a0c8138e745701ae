import Dispatch
import Glibc
import Planning

/// One wake-up on the wall clock, re-armed for each next due instant.
///
/// On Linux a wall-clock Dispatch timer is an absolute `CLOCK_REALTIME` timer: it fires at once after the clock jumps
/// forward or the machine resumes, and waits when the clock is set back. Confined to the queue it fires on.
final class WakeTimer {
    private let queue: DispatchQueue
    private var source: (any DispatchSourceTimer)?
    var onFire: (() -> Void)?

    init(queue: DispatchQueue) {
        self.queue = queue
    }

    deinit {
        source?.cancel()
    }

    /// Fires once at `instant`, at once when it has passed, and not at all when it is nil.
    func arm(for instant: Instant?) {
        source?.cancel()
        source = nil
        guard let instant else { return }
        let milliseconds = max(0, instant.millisecondsSinceEpoch)
        let time = timespec(tv_sec: Int(milliseconds / 1000), tv_nsec: Int(milliseconds % 1000) * 1_000_000)
        let next = DispatchSource.makeTimerSource(queue: queue)
        next.schedule(wallDeadline: DispatchWallTime(timespec: time), leeway: .milliseconds(1))
        next.setEventHandler { [weak self] in self?.onFire?() }
        source = next
        next.resume()
    }
}
