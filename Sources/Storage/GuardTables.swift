/// The third migration: pauses, orders, marks of tokens, and the guards that hold just now.
enum GuardTables {
    static let additions = """
        ALTER TABLE numbers ADD COLUMN token_mark TEXT; -- changes when the token's value does
        ALTER TABLE numbers ADD COLUMN last_failure TEXT; -- why the last request was not accepted
        ALTER TABLE numbers ADD COLUMN rotate_pin_before TEXT; -- a PIN made before this is rotated at it
        ALTER TABLE numbers ADD COLUMN paused_at TEXT;
        ALTER TABLE numbers ADD COLUMN paused_by TEXT;
        ALTER TABLE numbers ADD COLUMN pause_reason TEXT;
        ALTER TABLE numbers ADD COLUMN pause_exposed INTEGER CHECK (pause_exposed IN (0, 1)); -- 1: even when exposed

        ALTER TABLE store_state ADD COLUMN token_salt BLOB; -- what marks of tokens are made with
        ALTER TABLE store_state ADD COLUMN paused_at TEXT; -- the pause of all numbers
        ALTER TABLE store_state ADD COLUMN paused_by TEXT;
        ALTER TABLE store_state ADD COLUMN pause_reason TEXT;
        ALTER TABLE store_state ADD COLUMN pause_exposed INTEGER CHECK (pause_exposed IN (0, 1));
        UPDATE store_state SET token_salt = randomblob(32);

        -- What holds the running daemon back; forgotten when one starts.
        CREATE TABLE guards (
            kind TEXT NOT NULL, -- endpoint_down or exposure_budget
            subject TEXT NOT NULL, -- an endpoint, or nothing
            since TEXT NOT NULL,
            permitted INTEGER, -- how many numbers may be exposed at once
            detail TEXT NOT NULL,
            PRIMARY KEY (kind, subject)
        ) STRICT, WITHOUT ROWID;
        """
}
