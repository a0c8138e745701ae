import Dispatch
import Logging
import Planning
import Storage

/// A summary of the fleet, one line a day: on a quiet day it is the only one.
struct DaySummary: Hashable {
    let standings: [NumberCondition: Int]
    /// Requests of the last 24 hours, among the newest ``maxCounted``.
    let accepted: Int
    let others: Int
    /// Rotations that fall due within the next 24 hours.
    let rotationsAhead: Int
    /// Changes by other people or programs that were found within the last 24 hours.
    let drift: Int
    /// Numbers that were not observed for longer than twice their `observe_every`.
    let unobserved: Int

    /// More than the limits permit one instance in a day: by default, ten times as many.
    private static let maxCounted = 1_000_000

    /// Reads the store as it is at `view.now`.
    init(_ reader: StoreReader, view: FleetView, guards: GuardsInForce) throws(StorageError) {
        let fleet = try FleetDigest(reader, view: view, guards: guards)
        let day: Duration = .seconds(86_400)
        let days = try reader.changesPerDay(from: view.now.advanced(by: .zero - day), limit: Self.maxCounted)
        standings = fleet.conditions
        accepted = days.reduce(0) { $0 + $1.accepted }
        others = days.reduce(0) { $0 + $1.others }
        rotationsAhead = fleet.rotationsWithinADay
        unobserved = fleet.unobserved
        var filter = HistoryFilter(since: view.now.advanced(by: .zero - day))
        filter.kinds = [.drift]
        drift = try reader.events(matching: filter, limit: StoreReader.pageLimit).count
    }

    /// The line's metadata: every condition that occurs, and the counts.
    var metadata: Logger.Metadata {
        var metadata: Logger.Metadata = [
            "accepted_24h": "\(accepted)", "failed_24h": "\(others)", "rotations_next_24h": "\(rotationsAhead)",
            "drift_24h": "\(drift)", "unobserved": "\(unobserved)",
        ]
        for (condition, count) in standings { metadata[condition.rawValue] = "\(count)" }
        return metadata
    }
}

/// Writes the summary once a day.
struct DaySummaries {
    let readOnlyAPI: ReadOnlyAPI
    let logger: Logger

    private static let day: DispatchTimeInterval = .seconds(86_400)

    /// Starts the timer, which runs for as long as the caller holds it; the first line comes after a day.
    func start(on queue: DispatchQueue) -> any DispatchSourceTimer {
        let timer = DispatchSource.makeTimerSource(queue: queue)
        timer.schedule(deadline: .now() + Self.day, repeating: Self.day, leeway: .seconds(60))
        timer.setEventHandler { [readOnlyAPI, logger] in
            Task {
                switch await readOnlyAPI.summary() {
                case .success(let summary): logger.notice("Summary of the last day", metadata: summary.metadata)
                case .failure(let error): logger.error("No summary of the last day", metadata: ["error": "\(error)"])
                }
            }
        }
        timer.activate()
        return timer
    }
}
