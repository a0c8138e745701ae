import Daemon
import Planning

/// What holds the fleet back, for people: a line for each guard that does.
struct GuardText {
    let guards: GuardsInForce
    /// Whether a number waits for its turn to be exposed.
    let isBudgetAwaited: Bool
    let now: Instant

    var lines: [String] {
        let relative = RelativeTime(now: now)
        var lines: [String] = []
        if let pause = guards.fleetPause {
            let why = pause.reason.map { ": \($0)" } ?? ""
            let exposed = pause.includesExposed ? ", exposed numbers as well" : ""
            lines.append("PAUSED: all numbers\(exposed), \(relative.text(pause.since)) by \(pause.by)\(why)")
        }
        if guards.clock.isBehind(at: now) {
            lines.append(
                "clock: BEHIND what the store has recorded (\(guards.clock.highWaterMark)): rotations and adoptions hold; "
                    + "correct it, or see `twostepd clock accept --help`")
        }
        var unreadable: [String] = []
        for state in guards.states {
            let since = state.since.map { ", since \(relative.text($0))" } ?? ""
            switch state.kind {
            case .endpointDown: lines.append("endpoint: DOWN\(since): \(state.detail); one probe at a time")
            case .unreadableRecord: unreadable.append("\(state.subject)\(since): \(state.detail)")
            case .exposureBudget:
                // It begins small at every start; it matters when somebody waits for it.
                guard isBudgetAwaited else { continue }
                lines.append("exposure: \(guards.exposed) exposed; \(state.detail)\(since)")
            }
        }
        lines += unreadable.prefix(Self.mostUnreadable).map { "record: SET ASIDE \($0)" }
        let more = unreadable.count - Self.mostUnreadable
        if more > 0 { lines.append("record: SET ASIDE \(more) more") }
        return lines
    }

    /// How many records that are set aside have a line of their own.
    private static let mostUnreadable = 5
}
