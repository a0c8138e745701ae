import GRDB
import Planning

/// What fills the outbox of notifications for other systems.
///
/// Triggers fill it, so that a word stands in it if and only if what it tells of is committed. They are those of the
/// writer's connection, and are there when there are hooks: to ask of each write whether there are any would cost more
/// than the rest of most writes.
enum HookTriggers {
    private static let names = ["rotated", "exposed", "failed", "recovered", "event"].map { "hooks_tell_\($0)" }

    /// Has what is written through `db` from now on told to the hooks that there are.
    static func watch(_ db: Database) throws {
        for name in names { try db.execute(sql: "DROP TRIGGER IF EXISTS temp.\(name)") }
        guard try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM hooks)") == true else { return }
        try db.execute(sql: triggers)
    }

    private static var triggers: String {
        """
        CREATE TEMP TRIGGER hooks_tell_rotated AFTER UPDATE OF rotated_at ON main.numbers
        WHEN NEW.rotated_at IS NOT NULL AND NEW.rotated_at IS NOT OLD.rotated_at
        BEGIN
            \(tell(.rotated, at: "NEW.rotated_at", detail: "NULL"))
        END;

        CREATE TEMP TRIGGER hooks_tell_exposed AFTER UPDATE OF attempts, cycle_since ON main.numbers
        WHEN NEW.attempts > 0 AND NEW.cycle_since IS NOT NULL AND NEW.verification = 'enabled'
            AND (OLD.attempts = 0 OR OLD.cycle_since IS NULL)
        BEGIN
            \(tell(.exposed, at: lastChangeAt, detail: "NEW.last_error"))
            INSERT OR IGNORE INTO hook_troubles (number) VALUES (NEW.number);
        END;

        CREATE TEMP TRIGGER hooks_tell_failed AFTER UPDATE OF attempts ON main.numbers
        WHEN NEW.attempts >= \(HookKind.failuresToTell) AND OLD.attempts < \(HookKind.failuresToTell)
        BEGIN
            \(tell(.failed, at: lastChangeAt, detail: "NEW.last_error"))
            INSERT OR IGNORE INTO hook_troubles (number) VALUES (NEW.number);
        END;

        CREATE TEMP TRIGGER hooks_tell_recovered AFTER UPDATE OF last_error ON main.numbers
        WHEN NEW.last_error IS NULL AND OLD.last_error IS NOT NULL
            AND EXISTS (SELECT 1 FROM hook_troubles WHERE number = NEW.number)
        BEGIN
            \(tell(.recovered, at: lastChangeAt, detail: "NULL"))
            DELETE FROM hook_troubles WHERE number = NEW.number;
        END;

        -- What a hook itself has seen is not told: it would be told of by another look.
        CREATE TEMP TRIGGER hooks_tell_event AFTER INSERT ON main.events
        WHEN NEW.actor NOT LIKE 'hook %'
        BEGIN
            INSERT INTO outbox (hook, kind, at, number, detail)
            SELECT hooks.name, told.kind, NEW.at, NEW.number, NEW.detail
            FROM hooks JOIN (SELECT CASE NEW.kind \(eventKinds) END AS kind) AS told
            WHERE told.kind IS NOT NULL AND instr(hooks.kinds, ' ' || told.kind || ' ') > 0;
        END;
        """
    }

    /// Which entries of the audit trail are told.
    private static let told: [(EventKind, HookKind)] = [
        (.configurationHeld, .held), (.configurationRefused, .invalid), (.breakerOpened, .endpointDown),
        (.breakerClosed, .endpointUp), (.leftExposed, .leftExposed), (.pinRevealed, .revealed),
        (.storeRestored, .restored), (.clockBehind, .clockBehind),
    ]

    private static var eventKinds: String {
        told.map { "WHEN '\($0.rawValue)' THEN '\($1.rawValue)'" }.joined(separator: " ")
    }

    /// What a number's row is saved for is in its newest change.
    private static let lastChange = "FROM changes WHERE number = NEW.number ORDER BY id DESC LIMIT 1"
    private static let lastChangeAt =
        "coalesce((SELECT coalesce(answered_at, sent_at) \(lastChange)), NEW.applied_at, '')"

    private static func tell(_ kind: HookKind, at: String, detail: String) -> String {
        """
        INSERT INTO outbox (hook, kind, at, number, change_id, generation, detail)
            SELECT name, '\(kind.rawValue)', \(at), NEW.number, (SELECT id \(lastChange)),
                (SELECT max(generation) FROM pins WHERE number = NEW.number AND maybe_live = 1), \(detail)
            FROM hooks WHERE instr(kinds, ' \(kind.rawValue) ') > 0;
        """
    }
}
