/// The migration for fleets of several stores: which part is this one's, and where numbers came from and went.
enum MoveTables {
    static let additions = """
        ALTER TABLE desired_states ADD COLUMN shard TEXT; -- which part of the file, such as 0/4; NULL for all of it
        ALTER TABLE store_state ADD COLUMN shard TEXT; -- what the settings said last; NULL before they ever did

        -- Since when another store has the number, or may take it over: until then this row told the truth.
        ALTER TABLE numbers ADD COLUMN handed_over_at TEXT CHECK (managed = 0 OR handed_over_at IS NULL);
        ALTER TABLE numbers ADD COLUMN moved_out TEXT; -- the bundle that it left with
        ALTER TABLE numbers ADD COLUMN moved_in TEXT; -- the bundle that it came with
        ALTER TABLE numbers ADD COLUMN moves INTEGER NOT NULL DEFAULT 0; -- how often it was handed over, in all stores

        -- Requests that other stores sent, for the write budget of the hour in which the number moved.
        CREATE TABLE moved_writes (
            number TEXT NOT NULL REFERENCES numbers (number),
            sent_at TEXT NOT NULL
        ) STRICT;
        CREATE INDEX moved_writes_by_number ON moved_writes (number, sent_at);
        """
}
