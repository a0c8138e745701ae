import Daemon
import Foundation
import Planning
import Storage

/// Follows numbers in the store until an order is carried out.
struct OrderProgress {
    let kind: ControlMessage.OrderRequest.Kind
    /// Numbers or labels; nil for all that the order concerns.
    let names: Set<String>?
    /// The time limit of the wait.
    let limit: Duration
    let config: ConfigOptions

    /// The interval at which the store is read.
    private static let interval: Duration = .milliseconds(250)
    /// The limit of numbers that are named one by one at the end.
    private static let maxNamed = 20

    /// Shows progress on standard error until all numbers are done.
    ///
    /// - Throws: ``CommandFailure`` when that takes too long, or when the daemon ends in the meantime.
    func follow() async throws {
        let settings = try config.settings()
        let bar = Console.isTerminal(2) ? ProgressBar(width: Console.width(2)) : nil
        let deadline = ContinuousClock.now.advanced(by: limit)
        var reported: Set<PhoneNumber> = []
        while true {
            let fleet = FleetReader(settings: settings, environment: config.environment, now: SystemClock().now())
            guard let reader = try fleet.open() else { throw CommandFailure.failed("the store disappeared meanwhile") }
            let standings = try fleet.standings(reader, guards: try fleet.guards(reader)).filter(isConcerned)
            guard !standings.isEmpty else {
                throw CommandFailure.failed(
                    "nothing is left to do: these numbers are no longer in the desired state in force")
            }
            let open = standings.filter { !isDone($0) }
            for standing in standings where isDone(standing) && reported.insert(standing.record.number).inserted {
                guard bar == nil else { continue }
                let pin = standing.record.likeliestGeneration.map { ", PIN generation \($0)" } ?? ""
                Console.note("\(standing.record.number): done\(pin)")
            }
            let detail = open.first.map { "\($0.record.number) \($0.sentence)" } ?? ""
            bar?.draw(done: standings.count - open.count, total: standings.count, detail: detail)
            let refused = open.filter(isRefused)
            guard open.count > refused.count else {
                bar?.end()
                guard refused.isEmpty else { throw Self.refusal(of: refused, of: standings.count) }
                return Console.note(standings.count > 1 ? "done: \(standings.count.counted("number"))" : "done")
            }
            let isOver = ContinuousClock.now >= deadline
            guard !isOver, try isDaemonThere(fleet) else {
                bar?.end()
                throw isOver ? timeout(open, of: standings.count) : Self.daemonEnded
            }
            try await Task.sleep(for: Self.interval)
        }
    }

    private func isConcerned(_ standing: NumberStatus) -> Bool {
        guard let desired = standing.record.desired else { return false }
        if let names { return names.contains(desired.number.description) || desired.label.map(names.contains) == true }
        return kind != .rotate || (desired.verification == .enabled && desired.operatorPINName == nil)
    }

    /// Returns true when the order is carried out: it left a mark on the record, which only its completion removes.
    private func isDone(_ standing: NumberStatus) -> Bool {
        let record = standing.record
        guard [.converged, .uncertain].contains(standing.condition), record.appliedAt != nil else { return false }
        switch kind {
        case .pause, .resume, .reapply, .reset: return true
        case .rotate:
            guard let ordered = record.orderedRotation, let generation = record.likeliestGeneration else {
                return false
            }
            return generation > ordered.through
        }
    }

    /// Returns true when the vendor refused the ordered request, which is not sent again before it falls due.
    private func isRefused(_ standing: NumberStatus) -> Bool {
        kind == .reapply && standing.record.appliedAt == nil && standing.record.reapplyRefusals != nil
    }

    private func isDaemonThere(_ fleet: FleetReader) throws -> Bool {
        try StoreLock.holder(at: fleet.location) != nil
    }

    private static let daemonEnded = CommandFailure.noDaemon(
        "the daemon has ended: the order is kept, and is carried out when it runs again")

    private func timeout(_ open: [NumberStatus], of total: Int) -> CommandFailure {
        let head =
            "not done in time for \(open.count) of \(total.counted("number")); the order remains, see `twostepd status`:"
        return .failed(([head] + Self.list(open)).joined(separator: "\n"))
    }

    private static func refusal(of refused: [NumberStatus], of total: Int) -> CommandFailure {
        let head =
            "the vendor refused to apply it to \(refused.count) of \(total.counted("number")), whose verification is "
            + "unchanged; it is tried again as reapply_every says:"
        return .failed(([head] + list(refused)).joined(separator: "\n"))
    }

    private static func list(_ standings: [NumberStatus]) -> [String] {
        let lines = standings.prefix(maxNamed).map { standing in
            let error = standing.record.lastError.map { "; \($0)" } ?? ""
            return "  \(standing.record.number): \(standing.sentence)\(error)"
        }
        return lines + (standings.count > maxNamed ? ["  … and \(standings.count - maxNamed) more"] : [])
    }
}
