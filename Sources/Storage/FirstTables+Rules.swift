extension FirstTables {
    /// What may never happen to a row, whoever writes: history stays as it was written, and no PIN is ever deleted.
    ///
    /// The insert rules are there because INSERT OR REPLACE deletes without asking the delete rules.
    static let rules = """
        CREATE TRIGGER events_are_never_updated BEFORE UPDATE ON events
        BEGIN SELECT RAISE (ABORT, 'events are append-only'); END;
        CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
        BEGIN SELECT RAISE (ABORT, 'events are append-only'); END;
        CREATE TRIGGER events_are_never_replaced BEFORE INSERT ON events
        WHEN EXISTS (SELECT 1 FROM events WHERE id = NEW.id)
        BEGIN SELECT RAISE (ABORT, 'events are append-only'); END;

        CREATE TRIGGER changes_are_completed_once BEFORE UPDATE ON changes
        WHEN OLD.answered_at IS NOT NULL OR NEW.answered_at IS NULL OR NEW.id IS NOT OLD.id
            OR NEW.number IS NOT OLD.number OR NEW.action IS NOT OLD.action OR NEW.reason IS NOT OLD.reason
            OR NEW.generation IS NOT OLD.generation OR NEW.sent_at IS NOT OLD.sent_at
        BEGIN SELECT RAISE (ABORT, 'changes are append-only: an open one can be completed, once'); END;
        CREATE TRIGGER changes_are_never_deleted BEFORE DELETE ON changes
        BEGIN SELECT RAISE (ABORT, 'changes are append-only'); END;
        CREATE TRIGGER changes_are_never_replaced BEFORE INSERT ON changes
        WHEN EXISTS (SELECT 1 FROM changes WHERE id = NEW.id)
        BEGIN SELECT RAISE (ABORT, 'changes are append-only: this id exists'); END;

        CREATE TRIGGER pins_are_never_deleted BEFORE DELETE ON pins
        BEGIN SELECT RAISE (ABORT, 'a PIN is never deleted'); END;
        CREATE TRIGGER pins_are_never_replaced BEFORE INSERT ON pins
        WHEN EXISTS (SELECT 1 FROM pins WHERE number = NEW.number AND generation = NEW.generation)
        BEGIN SELECT RAISE (ABORT, 'a PIN is never replaced: this generation exists'); END;
        CREATE TRIGGER numbers_are_never_deleted BEFORE DELETE ON numbers
        BEGIN SELECT RAISE (ABORT, 'a number is never deleted: it becomes unmanaged'); END;
        """

    /// What a person wants to see first.
    static let views = """
        CREATE VIEW numbers_overview AS
        SELECT number, label,
            CASE managed WHEN 1 THEN verification ELSE 'unmanaged' END AS desired,
            trim(CASE maybe_off WHEN 1 THEN 'off ' ELSE '' END
                || CASE maybe_foreign WHEN 1 THEN 'foreign ' ELSE '' END
                || coalesce((SELECT group_concat('on(' || generation || ')', ' ') FROM pins
                    WHERE pins.number = numbers.number AND maybe_live = 1), '')) AS belief,
            (SELECT max(generation) FROM pins WHERE pins.number = numbers.number) AS newest_pin,
            rotated_at, applied_at, due_at, attempts, last_error
        FROM numbers;
        """
}
