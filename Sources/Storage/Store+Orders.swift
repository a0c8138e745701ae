import GRDB
import Planning

extension Database {
    /// Carries out an order on the managed numbers that it concerns; they are due afterwards. Unknown ones are passed over.
    ///
    /// The same as ``NumberRecord/obeying(_:now:)``, on rows.
    func perform(_ order: Order, _ scope: OrderScope, at now: Instant) throws {
        switch (order, scope) {
        case (.pause(let pause), .all): try pauseFleet(pause)
        case (.resume, .all):
            try pauseFleet(nil)
            try cachedStatement(sql: "UPDATE numbers SET due_at = ? WHERE managed = 1 AND due_at IS NULL")
                .execute(arguments: [now.description])
        case (.pause(let pause), .numbers):
            try change(PauseColumns.assignments, PauseColumns.arguments(pause), scope, now)
        case (.resume, .numbers): try change(PauseColumns.assignments, PauseColumns.arguments(nil), scope, now)
        case (.rotate(let instant), _):
            let text = instant.description
            try change(Self.rotation, [text, text, text], scope, now)
        case (.reapply, _): try change("applied_at = NULL, \(Self.backoffEnds)", [], scope, now)
        case (.reset, _):
            try change(
                "maybe_off = 1, maybe_foreign = 1, last_accepted = NULL, applied_at = NULL, \(Self.backoffEnds)", [],
                scope, now)
        }
    }

    /// The instant that rotates the newest PIN first, as ``NumberRecord/obeying(_:now:)`` chooses it.
    private static let rotation = """
        rotate_pin_before = CASE
            WHEN (SELECT created_at FROM pins WHERE pins.number = numbers.number ORDER BY generation DESC LIMIT 1)
                < min(coalesce(rotate_pin_before, ''), ?) THEN min(rotate_pin_before, ?)
            ELSE max(coalesce(rotate_pin_before, ''), ?) END
        """

    private static let backoffEnds =
        "retry_at = NULL, attempts = 0, refused_action = NULL, refused_count = NULL, last_failure = NULL"

    private func pauseFleet(_ pause: Pause?) throws {
        try cachedStatement(sql: "UPDATE store_state SET \(PauseColumns.assignments)")
            .execute(arguments: PauseColumns.arguments(pause))
    }

    private func change(
        _ assignments: String, _ arguments: StatementArguments, _ scope: OrderScope, _ now: Instant
    ) throws {
        let update = "UPDATE numbers SET \(assignments), due_at = ? WHERE managed = 1"
        switch scope {
        case .all:
            try cachedStatement(sql: update).execute(arguments: arguments + [now.description])
        case .numbers(let numbers):
            let statement = try cachedStatement(sql: update + " AND number = ?")
            for number in numbers {
                try statement.execute(arguments: arguments + [now.description, number.description])
            }
        }
    }
}
