/// The migration that makes the history tamper-evident: a chain of message authentication codes over it.
enum AuditTables {
    static let tables = """
        -- One row for each opening and each answer of a change, and for each event, in the order of their writing.
        -- mac: HMAC-SHA256, under the sealed key of audit_state, over the mac before, the sequence and the row's content.
        CREATE TABLE audit_chain (
            sequence INTEGER NOT NULL PRIMARY KEY CHECK (sequence > 0),
            entry TEXT NOT NULL CHECK (entry IN ('opened', 'answered', 'event')),
            row_id INTEGER NOT NULL, -- of changes, or of events
            mac BLOB NOT NULL CHECK (length(mac) = \(AuditChain.macByteCount))
        ) STRICT;

        -- One row: the chain's key, and where the chain begins.
        CREATE TABLE audit_state (
            only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
            sealed_key BLOB NOT NULL,
            key_id TEXT NOT NULL, -- which sealing key opens it
            adopted INTEGER NOT NULL, -- the first so many entries are of rows older than the chain
            cut_sequence INTEGER NOT NULL, -- the newest entry that was pruned; 0 for none
            cut_mac BLOB NOT NULL,
            cut_before TEXT, -- up to when history was pruned
            anchor_mac BLOB NOT NULL, -- over adopted and the three above
            is_pruning INTEGER NOT NULL DEFAULT 0 CHECK (is_pruning IN (0, 1))
        ) STRICT;
        """

    /// History is still never deleted, but by a pruning, which leaves its mark in the chain.
    static let rules = """
        DROP TRIGGER events_are_never_deleted;
        CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
        WHEN NOT EXISTS (SELECT 1 FROM audit_state WHERE is_pruning = 1)
        BEGIN SELECT RAISE (ABORT, 'events are append-only'); END;
        DROP TRIGGER changes_are_never_deleted;
        CREATE TRIGGER changes_are_never_deleted BEFORE DELETE ON changes
        WHEN NOT EXISTS (SELECT 1 FROM audit_state WHERE is_pruning = 1)
        BEGIN SELECT RAISE (ABORT, 'changes are append-only'); END;

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
        """

    /// All history that was there before the chain, in the order of time, as links to be.
    static let earlier = """
        (SELECT row_number() OVER (ORDER BY at, step, id) AS sequence, entry, id AS row_id FROM (
            SELECT sent_at AS at, 1 AS step, 'opened' AS entry, id FROM changes
            UNION ALL SELECT answered_at, 2, 'answered', id FROM changes WHERE answered_at IS NOT NULL
            UNION ALL SELECT at, 3, 'event', id FROM events
        ))
        """
}
