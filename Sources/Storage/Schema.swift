import GRDB

/// The schema of the store: its named migrations, in order.
enum Schema {
    /// The `PRAGMA application_id` that marks the file as a store of twostepd: "2SVD".
    static let applicationID = 0x3253_5644

    /// All migrations, in order. A released migration never changes: a change of the schema is a new one at the end.
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("0001-tables", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: "PRAGMA application_id = \(applicationID)")
            for part in [tables, indexes, rules, views] { try db.execute(sql: part) }
        }
        return migrator
    }

    /// The first migrations of development versions before 0.1.0, which were merged and changed since.
    private static let developmentMigrations: Set = ["0001-first-tables", "0001-schema"]

    /// Refuses a database of another application, and one with migrations that are unknown to this version: those of a
    /// later version, or of a development version before 0.1.0.
    static func check(_ db: Database, at path: String) throws {
        // In a store that is being created, the table of migrations comes before any other.
        let sql = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name <> 'grdb_migrations'"
        let tables = try Int.fetchOne(db, sql: sql) ?? 0
        let application = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        guard application == applicationID || (application == 0 && tables == 0) else {
            throw StorageError.corrupted(path: path, problem: "it is a database of another application")
        }
        let applied = try migrator.appliedIdentifiers(db)
        guard applied.isDisjoint(with: developmentMigrations) else { throw StorageError.developmentSchema(path: path) }
        let unknown = applied.subtracting(migrator.migrations)
        guard unknown.isEmpty else { throw StorageError.newerSchema(path: path, migrations: unknown.sorted()) }
    }

    /// Refuses a database that does not have the schema of this version.
    static func checkIsCurrent(_ db: Database, at path: String) throws {
        try check(db, at: path)
        // An empty database: the daemon is creating its first store at this moment.
        guard try Int.fetchOne(db, sql: "PRAGMA application_id") != 0 else { throw StorageError.noStore(path: path) }
        guard try migrator.hasCompletedMigrations(db) else { throw StorageError.olderSchema(path: path) }
    }
}

extension Schema {
    /// Returns the SQL of a column for an instant: UTC ISO 8601 with milliseconds, so that text order is time order. A
    /// CHECK enforces the format.
    private static func time(_ column: String, required: Bool = false) -> String {
        let shape = "____-__-__T__:__:__.___Z"
        return "\(column) TEXT\(required ? " NOT NULL" : "") CHECK (\(column) LIKE '\(shape)')"
    }

    /// The tables. SQLite keeps the comments inside the SQL, and `.schema` prints them.
    static let tables = [fleet, history, settings, outbox].joined(separator: "\n\n")

    /// The tables of the desired state, the belief and the PINs of each number.
    private static let fleet = """
        CREATE TABLE desired_states (
            revision INTEGER NOT NULL PRIMARY KEY CHECK (revision > 0),
            sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
            \(time("loaded_at", required: true)),
            source TEXT NOT NULL, -- the file's path
            state TEXT NOT NULL CHECK (state IN ('accepted', 'held')),
            reason TEXT, -- why it is held
            numbers INTEGER NOT NULL, -- how many entries
            added INTEGER NOT NULL, changed INTEGER NOT NULL, removed INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE numbers (
            number TEXT NOT NULL PRIMARY KEY CHECK (number GLOB '+[1-9]*' AND substr(number, 2) NOT GLOB '*[^0-9]*'
                AND length(number) BETWEEN 8 AND 16),
            version INTEGER NOT NULL CHECK (version > 0), -- how often the row was written; a save names the one it is of
            managed INTEGER NOT NULL CHECK (managed IN (0, 1)), -- 1: in the desired state in force
            desired_revision INTEGER NOT NULL REFERENCES desired_states (revision), -- which last changed this entry
            label TEXT,
            token_name TEXT NOT NULL,
            token_mark TEXT, -- changes when the token's value does
            vendor TEXT NOT NULL, -- picky-assist or whatsapp
            endpoint TEXT NOT NULL,
            phone_number_id TEXT, -- the number's id at WhatsApp
            on_new_token TEXT NOT NULL CHECK (on_new_token IN ('reset', 'keep')),
            account TEXT NOT NULL, -- the endpoint, and the token's name where limits are the token's
            verification TEXT NOT NULL CHECK (verification IN ('enabled', 'disabled')),
            rotate_every TEXT NOT NULL, -- such as 90d, or never
            reapply_every TEXT NOT NULL,
            rotation_method TEXT NOT NULL CHECK (rotation_method IN ('reset', 'replace')),
            rotation_window TEXT,
            \(time("rotate_before")),
            rotate_after_reveal TEXT, -- such as 1h
            observer TEXT, -- the name of the token that may observe the number
            observer_endpoint TEXT,
            observe_every TEXT NOT NULL, -- such as 6h, or never
            operator_pin TEXT, -- the name of the operator's PIN
            operator_pin_mark TEXT, -- changes when the PIN's value does
            -- The belief: what the vendor may be in. Our PINs that may be live are in pins.
            maybe_off INTEGER NOT NULL CHECK (maybe_off IN (0, 1)),
            maybe_foreign INTEGER NOT NULL CHECK (maybe_foreign IN (0, 1)),
            \(time("off_doubt_at")), -- since when a disable may still land
            last_accepted TEXT, -- off, or on(GENERATION)
            refused_action TEXT CHECK (refused_action IN ('enable', 'disable')),
            refused_count INTEGER CHECK (refused_count > 0),
            refused_when_on INTEGER CHECK (refused_when_on BETWEEN 0 AND 2), -- disables refused while certainly on
            refuses_both INTEGER CHECK (refuses_both IN (0, 1)), -- 1: enable and disable alike
            opposite_spent INTEGER CHECK (opposite_spent IN (0, 1)), -- 1: enabled once although it should be disabled
            \(time("impasse_at")), -- the last of these refusals
            attempts INTEGER NOT NULL CHECK (attempts >= 0),
            \(time("retry_at")),
            \(time("cycle_since")), -- since when the number is exposed by us
            cycle_reason TEXT,
            \(time("applied_at")),
            reapplies_refused INTEGER CHECK (reapplies_refused > 0), -- since then, in a row
            \(time("reapply_refused_at")),
            \(time("rotated_at")),
            last_failure TEXT, -- why the last request was not accepted
            last_error TEXT, -- the same in words
            \(time("answered_at")), -- when a request that may have been carried out was last answered
            observed TEXT CHECK (observed IN ('off', 'on', 'pin_changed')), -- what was last seen of it
            \(time("observed_at")),
            observed_by TEXT, -- observer, or who reported it
            \(time("observer_asked_at")), -- when the observer last answered, or failed to
            observer_failure TEXT, -- why it saw nothing
            drift TEXT CHECK (drift IN ('turned_off', 'turned_on', 'pin_changed')), -- what another person changed
            \(time("drift_at")),
            rotate_through INTEGER CHECK (rotate_through >= 0), -- PINs up to this generation are rotated at rotate_at
            \(time("rotate_at")),
            \(time("paused_at")),
            paused_by TEXT,
            pause_reason TEXT,
            pause_exposed INTEGER CHECK (pause_exposed IN (0, 1)), -- 1: even when exposed
            \(time("due_at")),
            urgency INTEGER NOT NULL CHECK (urgency BETWEEN 0 AND 3), -- 0 exposed, 1 off, 2 ordered, 3 ordinary
            CHECK (off_doubt_at IS NULL OR maybe_off = 1),
            CHECK ((refused_action IS NULL) = (refused_count IS NULL)),
            CHECK ((reapplies_refused IS NULL) = (reapply_refused_at IS NULL)),
            CHECK ((impasse_at IS NULL) = (refused_when_on IS NULL)),
            CHECK ((cycle_since IS NULL) = (cycle_reason IS NULL)),
            CHECK ((rotate_through IS NULL) = (rotate_at IS NULL)),
            CHECK ((observed IS NULL) = (observed_at IS NULL)),
            CHECK ((drift IS NULL) = (drift_at IS NULL)),
            CHECK ((observer IS NULL) = (observer_endpoint IS NULL)),
            CHECK (managed = 1 OR due_at IS NULL)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE pins (
            number TEXT NOT NULL REFERENCES numbers (number),
            generation INTEGER NOT NULL CHECK (generation > 0),
            sealed BLOB NOT NULL CHECK (length(sealed) = \(PINSealer.sealedByteCount)),
            key_id TEXT NOT NULL, -- which key opens it
            origin TEXT NOT NULL CHECK (origin = 'generated' OR origin LIKE 'operator:_%'),
            \(time("created_at", required: true)),
            \(time("live_from")),
            \(time("live_until")),
            maybe_live INTEGER NOT NULL CHECK (maybe_live IN (0, 1)),
            \(time("doubt_at")), -- since when an enable with it may still land
            PRIMARY KEY (number, generation),
            CHECK (doubt_at IS NULL OR maybe_live = 1)
        ) STRICT, WITHOUT ROWID;
        """

    /// The tables of every request, every event, and the chain of message authentication codes that makes both
    /// tamper-evident.
    private static let history = """
        CREATE TABLE changes (
            id INTEGER NOT NULL PRIMARY KEY CHECK (id > 0),
            number TEXT NOT NULL REFERENCES numbers (number) DEFERRABLE INITIALLY DEFERRED,
            action TEXT NOT NULL CHECK (action IN ('enable', 'disable')),
            reason TEXT NOT NULL,
            generation INTEGER,
            account TEXT, -- where it went, for the requests of a minute
            \(time("sent_at", required: true)),
            \(time("answered_at")),
            outcome TEXT CHECK (outcome IN ('accepted', 'no_effect', 'refused', 'in_doubt')),
            outcome_reason TEXT,
            http_status INTEGER,
            api_status INTEGER,
            message TEXT,
            retry_after TEXT, -- how long the vendor asked us to wait
            FOREIGN KEY (number, generation) REFERENCES pins (number, generation) DEFERRABLE INITIALLY DEFERRED,
            CHECK ((action = 'enable') = (generation IS NOT NULL)),
            CHECK ((answered_at IS NULL) = (outcome IS NULL) AND (outcome IS NULL) = (outcome_reason IS NULL))
        ) STRICT;

        -- The first request of each hour: all that were sent in an hour, or later, have no lower id than the lowest here
        -- from that hour on, however the clock was set. Hours before the oldest row may be missing.
        CREATE TABLE change_hours (
            hour TEXT NOT NULL PRIMARY KEY CHECK (length(hour) = 13), -- 2026-11-26T06
            first_id INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE events (
            id INTEGER NOT NULL PRIMARY KEY,
            \(time("at", required: true)),
            kind TEXT NOT NULL,
            number TEXT,
            actor TEXT NOT NULL,
            detail TEXT NOT NULL
        ) STRICT;

        -- One row for each change that has ended, and for each event, in the order of their writing.
        -- mac: HMAC-SHA256, under the sealed key of audit_state, over the mac before, the sequence and the row's content.
        CREATE TABLE audit_chain (
            sequence INTEGER NOT NULL PRIMARY KEY CHECK (sequence > 0),
            entry TEXT NOT NULL CHECK (entry IN ('change', 'event')),
            row_id INTEGER NOT NULL, -- of changes, or of events
            mac BLOB NOT NULL CHECK (length(mac) = \(AuditChain.macByteCount))
        ) STRICT;

        -- One row: the chain's key, and where the chain begins.
        CREATE TABLE audit_state (
            only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
            sealed_key BLOB NOT NULL,
            key_id TEXT NOT NULL, -- which sealing key opens it
            cut_sequence INTEGER NOT NULL, -- the newest entry that was pruned; 0 for none
            cut_mac BLOB NOT NULL,
            \(time("cut_before")), -- up to when history was pruned
            anchor_mac BLOB NOT NULL, -- over the three above
            is_pruning INTEGER NOT NULL DEFAULT 0 CHECK (is_pruning IN (0, 1))
        ) STRICT;
        """

    /// The tables of the store as a whole.
    private static let settings = """
        -- One row: how the last load of the desired state ended, who worked on the store last, and what holds for all.
        CREATE TABLE store_state (
            only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
            load_valid INTEGER CHECK (load_valid IN (0, 1)),
            \(time("load_at")),
            load_sha256 TEXT,
            load_source TEXT,
            load_problem TEXT,
            start_count INTEGER NOT NULL DEFAULT 0,
            is_copy INTEGER NOT NULL DEFAULT 0 CHECK (is_copy IN (0, 1)), -- 1: made by backup
            \(time("restored_at")),
            \(time("started_at")),
            \(time("stopped_at")),
            pid INTEGER,
            command TEXT,
            version TEXT,
            clock_mark TEXT NOT NULL DEFAULT '', -- the latest instant that was recorded
            token_salt BLOB NOT NULL, -- what marks of tokens are made with
            \(time("paused_at")), -- the pause of all numbers
            paused_by TEXT,
            pause_reason TEXT,
            pause_exposed INTEGER CHECK (pause_exposed IN (0, 1))
        ) STRICT;
        INSERT INTO store_state (only, token_salt) VALUES (1, randomblob(32));

        -- How often each kind of drift was found. Events of it are pruned; a counter never goes back.
        CREATE TABLE drift_counts (
            kind TEXT NOT NULL PRIMARY KEY CHECK (kind IN ('turned_off', 'turned_on', 'pin_changed')),
            found INTEGER NOT NULL DEFAULT 0
        ) STRICT, WITHOUT ROWID;
        INSERT INTO drift_counts (kind) VALUES ('turned_off'), ('turned_on'), ('pin_changed');

        -- What holds the running daemon back; forgotten when one starts.
        CREATE TABLE guards (
            kind TEXT NOT NULL, -- endpoint_down, endpoint_limit, exposure_budget, stopping, secrets_kept or unreadable_record
            subject TEXT NOT NULL, -- an endpoint, a number, or nothing
            \(time("since", required: true)),
            \(time("until")), -- when it is expected to end
            permitted INTEGER, -- how many numbers may be exposed at once
            detail TEXT NOT NULL,
            PRIMARY KEY (kind, subject)
        ) STRICT, WITHOUT ROWID;
        """

    /// The tables of notifications for other systems.
    private static let outbox = """
        CREATE TABLE hooks (
            name TEXT NOT NULL PRIMARY KEY,
            kinds TEXT NOT NULL, -- each between spaces
            delivered INTEGER NOT NULL DEFAULT 0,
            given_up INTEGER NOT NULL DEFAULT 0
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE outbox (
            id INTEGER PRIMARY KEY,
            uid TEXT NOT NULL DEFAULT (lower(hex(randomblob(16)))), -- by which a receiver knows a repetition
            hook TEXT NOT NULL REFERENCES hooks (name) ON DELETE CASCADE,
            kind TEXT NOT NULL,
            at TEXT NOT NULL,
            number TEXT, -- none for what concerns the whole fleet
            lane TEXT NOT NULL, -- the number, or a subject of the fleet: those of one lane are delivered in order
            change_id INTEGER,
            generation INTEGER,
            detail TEXT,
            drift TEXT CHECK (drift IN ('turned_off', 'turned_on', 'pin_changed')),
            attempts INTEGER NOT NULL DEFAULT 0,
            retry_at TEXT,
            \(time("failed_at")), -- when its first attempt failed
            error TEXT, -- how its last attempt failed
            \(time("given_up_at")),
            given_up INTEGER NOT NULL DEFAULT 0 CHECK (given_up IN (0, 1))
        ) STRICT;

        -- Numbers of which exposed or failed was notified, and recovered was not.
        CREATE TABLE hook_troubles (
            number TEXT NOT NULL PRIMARY KEY,
            includes_exposure INTEGER NOT NULL CHECK (includes_exposure IN (0, 1)) -- 1: exposed was, and it still is
        ) STRICT, WITHOUT ROWID;
        """
}

extension Schema {
    /// The rules that hold for every writer: history is append-only except for pruning, which leaves a mark in the
    /// chain, and no PIN is ever deleted.
    ///
    /// The insert rules are needed because INSERT OR REPLACE deletes without firing the delete triggers.
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

extension Schema {
    static let indexes = """
        CREATE INDEX numbers_by_turn ON numbers (account, urgency, due_at, number) WHERE due_at IS NOT NULL;
        CREATE INDEX numbers_exposed ON numbers (due_at, number) WHERE cycle_since IS NOT NULL;
        -- For the waits that a clock may have set which was corrected since.
        CREATE INDEX numbers_retrying ON numbers (number, retry_at) WHERE retry_at IS NOT NULL;
        -- For the openings of windows, when a time zone has other offsets.
        CREATE INDEX numbers_windowed ON numbers (number, due_at) WHERE rotation_window IS NOT NULL AND managed = 1;
        -- For the vendors that do not disable.
        CREATE INDEX numbers_refused ON numbers (account, number) WHERE refused_when_on = 2;
        -- For the revisions that no number refers to any more.
        CREATE INDEX numbers_by_revision ON numbers (desired_revision);
        CREATE INDEX pins_maybe_live ON pins (number, generation) WHERE maybe_live = 1;
        CREATE INDEX changes_by_number ON changes (number, sent_at);
        CREATE INDEX changes_unanswered ON changes (id) WHERE answered_at IS NULL;
        -- The few requests that were not accepted, among the many that were.
        CREATE INDEX changes_not_accepted ON changes (id) WHERE outcome <> 'accepted';
        -- Asked for at each scrape, and almost never there.
        CREATE INDEX events_of_alterations ON events (at) WHERE kind = 'history_altered';
        CREATE INDEX events_by_number ON events (number) WHERE number IS NOT NULL;
        CREATE INDEX outbox_waiting ON outbox (hook, lane, id) WHERE given_up = 0;
        CREATE INDEX outbox_given_up ON outbox (hook, id) WHERE given_up = 1;
        """
}

extension Schema {
    /// The views for reading the store by hand.
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
