/// What it takes to let old history go piece by piece, and to find a time in what is left.
enum RetentionTables {
    static let additions = """
        -- Requests whose one link was pruned, and whose other was not: 'opened:12 answered:15'.
        ALTER TABLE audit_state ADD COLUMN cut_halves TEXT NOT NULL DEFAULT '';

        -- The first request of each hour: all that were sent in an hour, or later, have no lower id than the lowest here
        -- from that hour on, however the clock was set. Hours before the oldest row may be missing.
        CREATE TABLE change_hours (
            hour TEXT NOT NULL PRIMARY KEY CHECK (length(hour) = 13), -- 2026-11-26T06
            first_id INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        INSERT INTO change_hours (hour, first_id) SELECT substr(sent_at, 1, 13), min(id) FROM changes GROUP BY 1;
        CREATE TRIGGER change_hours_are_noted AFTER INSERT ON changes
        BEGIN INSERT OR IGNORE INTO change_hours (hour, first_id) VALUES (substr(NEW.sent_at, 1, 13), NEW.id); END;

        -- For the revisions that no number refers to any more.
        CREATE INDEX numbers_by_revision ON numbers (desired_revision);
        -- The few requests that were not accepted, among the many that were.
        CREATE INDEX changes_not_accepted ON changes (id) WHERE outcome <> 'accepted';
        """
}
