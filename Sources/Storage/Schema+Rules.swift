extension Schema {
    /// What may never happen to a row, whoever writes: history stays as it was written, but for a pruning, which leaves
    /// its mark in the chain, and no PIN is ever deleted.
    ///
    /// The insert rules are there because INSERT OR REPLACE deletes without asking the delete rules.
    static let rules = """
        CREATE TRIGGER events_are_never_updated BEFORE UPDATE ON events
        BEGIN SELECT RAISE (ABORT, 'events are append-only'); END;
        CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
        WHEN NOT EXISTS (SELECT 1 FROM audit_state WHERE is_pruning = 1)
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
        WHEN NOT EXISTS (SELECT 1 FROM audit_state WHERE is_pruning = 1)
        BEGIN SELECT RAISE (ABORT, 'changes are append-only'); END;
        CREATE TRIGGER changes_are_never_replaced BEFORE INSERT ON changes
        WHEN EXISTS (SELECT 1 FROM changes WHERE id = NEW.id)
        BEGIN SELECT RAISE (ABORT, 'changes are append-only: this id exists'); END;

        CREATE TRIGGER change_hours_are_noted AFTER INSERT ON changes
        BEGIN INSERT OR IGNORE INTO change_hours (hour, first_id) VALUES (substr(NEW.sent_at, 1, 13), NEW.id); END;

        CREATE TRIGGER audit_chain_is_never_updated BEFORE UPDATE ON audit_chain
        BEGIN SELECT RAISE (ABORT, 'the audit chain is append-only'); END;
        CREATE TRIGGER audit_chain_is_never_deleted BEFORE DELETE ON audit_chain
        WHEN NOT EXISTS (SELECT 1 FROM audit_state WHERE is_pruning = 1)
        BEGIN SELECT RAISE (ABORT, 'the audit chain is append-only'); END;
        CREATE TRIGGER audit_chain_is_never_replaced BEFORE INSERT ON audit_chain
        WHEN EXISTS (SELECT 1 FROM audit_chain WHERE sequence = NEW.sequence)
        BEGIN SELECT RAISE (ABORT, 'the audit chain is append-only'); END;
        CREATE TRIGGER audit_state_is_never_deleted BEFORE DELETE ON audit_state
        BEGIN SELECT RAISE (ABORT, 'without its key the audit chain cannot be verified'); END;

        CREATE TRIGGER pins_are_never_deleted BEFORE DELETE ON pins
        BEGIN SELECT RAISE (ABORT, 'a PIN is never deleted'); END;
        CREATE TRIGGER pins_are_never_replaced BEFORE INSERT ON pins
        WHEN EXISTS (SELECT 1 FROM pins WHERE number = NEW.number AND generation = NEW.generation)
        BEGIN SELECT RAISE (ABORT, 'a PIN is never replaced: this generation exists'); END;
        CREATE TRIGGER numbers_are_never_deleted BEFORE DELETE ON numbers
        BEGIN SELECT RAISE (ABORT, 'a number is never deleted: it becomes unmanaged'); END;
        """
}
