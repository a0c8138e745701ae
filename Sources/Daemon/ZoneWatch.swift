import ConfigFile
import Dispatch
import Logging
import Synchronization

/// Notices changes of the machine's time zones, which its administrator makes by installing a newer database.
final class ZoneWatch: Sendable {
    private let zones: SystemTimeZones
    private let logger: Logger
    private let onChange: @Sendable () -> Void
    /// The faults of the last check, so that each is logged once.
    private let faults = Mutex<[TimeZoneFault]>([])

    /// The interval of checks: rules change with months of notice, or with days, never with minutes.
    private static let interval: DispatchTimeInterval = .seconds(3600)

    init(zones: SystemTimeZones, logger: Logger, onChange: @escaping @Sendable () -> Void) {
        self.zones = zones
        self.logger = logger
        self.onChange = onChange
    }

    /// Checks every hour on `queue`, for as long as the caller holds the timer.
    func start(on queue: DispatchQueue) -> any DispatchSourceTimer {
        let timer = DispatchSource.makeTimerSource(queue: queue)
        timer.schedule(deadline: .now() + Self.interval, repeating: Self.interval, leeway: .seconds(60))
        timer.setEventHandler { self.check() }
        timer.activate()
        return timer
    }

    /// Reads changed files, and calls `onChange` when a zone that is in use has other offsets.
    func check() {
        let found = zones.refresh()
        let isNews = faults.withLock { known in
            defer { known = found.faults }
            return known != found.faults
        }
        if isNews {
            for fault in found.faults {
                logger.error(
                    "Time zone cannot be read again: its earlier rules stay in force",
                    metadata: ["problem": "\(fault)", "advice": "\(fault.hint)"])
            }
        }
        guard !found.changed.isEmpty else { return }
        logger.notice(
            "Time zones have changed: rotation windows follow the new rules",
            metadata: [
                "zones": "\(found.changed.joined(separator: ","))",
                "database": "\(zones.database?.version ?? "of an unknown version")",
            ])
        onChange()
    }
}
