import Planning

/// A column of `numbers` that holds a part of the belief or of the work on a number, and the way to write a record's
/// value.
struct NumberColumn: Sendable {
    let name: String
    /// Binds the record's value to the next parameter.
    let bind: @Sendable (inout Bindings, NumberRecord) -> Void
    /// Returns true when two records have different values.
    let differs: @Sendable (NumberRecord, NumberRecord) -> Bool

    private init<Value: Equatable & SendableMetatype>(
        _ name: String, _ value: @escaping @Sendable (NumberRecord) -> Value,
        _ bind: @escaping @Sendable (inout Bindings, Value) -> Void
    ) {
        self.name = name
        self.bind = { bind(&$0, value($1)) }
        differs = { value($0) != value($1) }
    }

    private static func flag(_ name: String, _ value: @escaping @Sendable (NumberRecord) -> Bool) -> NumberColumn {
        NumberColumn(name, value) { $0.flag($1) }
    }

    private static func integer(_ name: String, _ value: @escaping @Sendable (NumberRecord) -> Int?) -> NumberColumn {
        NumberColumn(name, value) { $0.integer($1) }
    }

    private static func instant(
        _ name: String, _ value: @escaping @Sendable (NumberRecord) -> Instant?
    ) -> NumberColumn { NumberColumn(name, value) { $0.instant($1) } }

    private static func text(_ name: String, _ value: @escaping @Sendable (NumberRecord) -> String?) -> NumberColumn {
        NumberColumn(name, value) { $0.text($1) }
    }

    /// A column for text from outside, stored as one bounded line.
    private static func line(_ name: String, _ value: @escaping @Sendable (NumberRecord) -> String?) -> NumberColumn {
        NumberColumn(name, value) { $0.text($1?.boundedLine(to: TextLimit.line)) }
    }

    /// All columns, in the order in which `NumberRow` reads them.
    static let all: [NumberColumn] = [
        flag("maybe_off") { $0.belief.maybeOff },
        flag("maybe_foreign") { $0.belief.maybeForeign },
        instant("off_doubt_at") { $0.belief.doubt(of: .off) },
        text("last_accepted") { $0.lastAccepted?.storedText },
        text("refused_action") { $0.refusals?.action.rawValue },
        integer("refused_count") { $0.refusals?.count },
        integer("refused_when_on") { $0.impasse?.disablesRefusedWhenOn },
        integer("refuses_both") { $0.impasse.map { $0.refusesBoth ? 1 : 0 } },
        integer("opposite_spent") { $0.impasse.map { $0.isOppositeSpent ? 1 : 0 } },
        instant("impasse_at") { $0.impasse?.at },
        integer("attempts") { $0.attempts },
        instant("retry_at") { $0.retryAt },
        instant("cycle_since") { $0.cycle?.since },
        text("cycle_reason") { $0.cycle?.reason.rawValue },
        instant("applied_at") { $0.appliedAt },
        integer("reapplies_refused") { $0.reapplyRefusals?.count },
        instant("reapply_refused_at") { $0.reapplyRefusals?.at },
        instant("rotated_at") { $0.rotatedAt },
        text("last_failure") { $0.lastFailure?.rawValue },
        line("last_error") { $0.lastError },
        instant("answered_at") { $0.answeredAt },
        text("observed") { $0.observations.newest?.kind.rawValue },
        instant("observed_at") { $0.observations.newest?.at },
        line("observed_by") { $0.observations.newest?.source },
        instant("observer_asked_at") { $0.observations.askedAt },
        line("observer_failure") { $0.observations.failure },
        text("drift") { $0.observations.drift?.kind.rawValue },
        instant("drift_at") { $0.observations.drift?.at },
        integer("rotate_through") { $0.orderedRotation?.through },
        instant("rotate_at") { $0.orderedRotation?.at },
        instant("paused_at") { $0.pause?.since },
        line("paused_by") { $0.pause?.by },
        line("pause_reason") { $0.pause?.reason },
        integer("pause_exposed") { $0.pause.map { $0.includesExposed ? 1 : 0 } },
        instant("due_at") { $0.dueAt },
        // Stored for the index only; it is computed when a record is read.
        integer("urgency") { $0.urgency.rawValue },
    ]
}

extension Belief {
    /// Returns the time since which a request with this effect is in doubt; nil when there is no such doubt.
    func doubt(of effect: Effect) -> Instant? { doubts.first { $0.effect == effect }?.since }
}

/// The columns of a pause, in `numbers` and in `store_state`.
enum PauseColumns {
    static let list = "paused_at, paused_by, pause_reason, pause_exposed"
    static let assignments = "paused_at = ?, paused_by = ?, pause_reason = ?, pause_exposed = ?"

    /// Reads the pause from the reader's next four columns; nil when none exists.
    static func read(_ reader: inout RowReader) throws(StorageError) -> Pause? {
        let since = try reader.optionalInstant("paused_at")
        let (by, reason, includesExposed) = (reader.optionalText(), reader.optionalText(), reader.optionalInteger())
        guard let since else { return nil }
        return Pause(since: since, by: by ?? "unknown", reason: reason, includesExposed: includesExposed == 1)
    }

}

extension Bindings {
    /// Binds the four columns of a pause.
    mutating func pause(_ pause: Pause?) {
        instant(pause?.since)
        text(pause?.by.boundedLine(to: TextLimit.line))
        text(pause?.reason?.boundedLine(to: TextLimit.line))
        integer(pause.map { $0.includesExposed ? 1 : 0 })
    }
}

extension Effect {
    /// The stored form: `off` or `on(3)`.
    var storedText: String {
        switch self {
        case .off: "off"
        case .on(let generation): "on(\(generation))"
        }
    }

    /// Reads ``storedText``; nil for anything else.
    init?(storedText text: String) {
        if text == "off" {
            self = .off
        } else if text.hasPrefix("on("), text.hasSuffix(")"), let generation = Int(text.dropFirst(3).dropLast()),
            generation > 0
        {
            self = .on(generation)
        } else {
            return nil
        }
    }
}
