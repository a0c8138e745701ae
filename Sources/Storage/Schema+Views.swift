extension Schema {
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
