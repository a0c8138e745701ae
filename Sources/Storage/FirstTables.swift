/// The first migration. The comments inside the SQL are kept by SQLite: `.schema` shows them to a person.
enum FirstTables {
    /// Times are UTC ISO 8601 with milliseconds, so that text order is time order; CHECKs hold them to that shape.
    private static func time(_ column: String, required: Bool = false) -> String {
        let shape = "____-__-__T__:__:__.___Z"
        return "\(column) TEXT\(required ? " NOT NULL" : "") CHECK (\(column) LIKE '\(shape)')"
    }

    static let tables = """
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
            number TEXT NOT NULL PRIMARY KEY CHECK (number GLOB '+[1-9]*' AND length(number) BETWEEN 8 AND 16),
            managed INTEGER NOT NULL CHECK (managed IN (0, 1)), -- 1: in the desired state in force
            desired_revision INTEGER NOT NULL REFERENCES desired_states (revision), -- which last changed this entry
            label TEXT,
            token_name TEXT NOT NULL,
            endpoint TEXT NOT NULL,
            verification TEXT NOT NULL CHECK (verification IN ('enabled', 'disabled')),
            rotate_every TEXT NOT NULL, -- such as 90d, or never
            reapply_every TEXT NOT NULL,
            rotation_method TEXT NOT NULL CHECK (rotation_method IN ('reset', 'replace')),
            rotation_window TEXT,
            \(time("rotate_before")),
            operator_pin TEXT, -- the name of the operator's PIN
            -- The belief: what the vendor may be in. Our PINs that may be live are in pins.
            maybe_off INTEGER NOT NULL DEFAULT 1 CHECK (maybe_off IN (0, 1)),
            maybe_foreign INTEGER NOT NULL DEFAULT 1 CHECK (maybe_foreign IN (0, 1)),
            \(time("off_doubt_at")), -- since when a disable may still land
            last_accepted TEXT, -- off, or on(GENERATION)
            refused_action TEXT CHECK (refused_action IN ('enable', 'disable')),
            refused_count INTEGER CHECK (refused_count > 0),
            attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
            \(time("retry_at")),
            \(time("cycle_since")), -- since when the number is exposed by us
            cycle_reason TEXT,
            \(time("applied_at")),
            \(time("rotated_at")),
            last_error TEXT,
            \(time("due_at")),
            CHECK (off_doubt_at IS NULL OR maybe_off = 1),
            CHECK ((refused_action IS NULL) = (refused_count IS NULL)),
            CHECK ((cycle_since IS NULL) = (cycle_reason IS NULL)),
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

        CREATE TABLE changes (
            id INTEGER NOT NULL PRIMARY KEY CHECK (id > 0),
            number TEXT NOT NULL REFERENCES numbers (number) DEFERRABLE INITIALLY DEFERRED,
            action TEXT NOT NULL CHECK (action IN ('enable', 'disable')),
            reason TEXT NOT NULL,
            generation INTEGER,
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

        CREATE TABLE events (
            id INTEGER NOT NULL PRIMARY KEY,
            \(time("at", required: true)),
            kind TEXT NOT NULL,
            number TEXT,
            actor TEXT NOT NULL,
            detail TEXT NOT NULL
        ) STRICT;

        -- One row: how the last load of the desired state ended, and who worked on the store last.
        CREATE TABLE store_state (
            only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
            load_valid INTEGER CHECK (load_valid IN (0, 1)),
            \(time("load_at")),
            load_sha256 TEXT,
            load_source TEXT,
            load_problem TEXT,
            \(time("started_at")),
            \(time("stopped_at")),
            pid INTEGER,
            command TEXT,
            version TEXT
        ) STRICT;
        INSERT INTO store_state (only) VALUES (1);
        """

    static let indexes = """
        CREATE INDEX numbers_by_due ON numbers (due_at, number) WHERE due_at IS NOT NULL;
        CREATE INDEX numbers_exposed ON numbers (due_at, number) WHERE cycle_since IS NOT NULL;
        CREATE INDEX pins_maybe_live ON pins (number, generation) WHERE maybe_live = 1;
        CREATE INDEX pins_by_key ON pins (key_id);
        CREATE INDEX changes_by_number ON changes (number, sent_at);
        CREATE INDEX changes_unanswered ON changes (id) WHERE answered_at IS NULL;
        CREATE INDEX events_by_number ON events (number) WHERE number IS NOT NULL;
        """
}
