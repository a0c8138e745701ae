extension Schema {
    static let indexes = """
        CREATE INDEX numbers_by_due ON numbers (due_at, number) WHERE due_at IS NOT NULL;
        CREATE INDEX numbers_exposed ON numbers (due_at, number) WHERE cycle_since IS NOT NULL;
        -- For the revisions that no number refers to any more.
        CREATE INDEX numbers_by_revision ON numbers (desired_revision);
        CREATE INDEX pins_maybe_live ON pins (number, generation) WHERE maybe_live = 1;
        CREATE INDEX changes_by_number ON changes (number, sent_at);
        CREATE INDEX changes_unanswered ON changes (id) WHERE answered_at IS NULL;
        -- The few requests that were not accepted, among the many that were.
        CREATE INDEX changes_not_accepted ON changes (id) WHERE outcome <> 'accepted';
        CREATE INDEX events_by_number ON events (number) WHERE number IS NOT NULL;
        CREATE INDEX outbox_waiting ON outbox (hook, number, id) WHERE given_up = 0;
        """
}
