import GRDB
import Planning

extension Database {
    private static let saveNumber = """
        UPDATE numbers SET maybe_off = ?, maybe_foreign = ?, off_doubt_at = ?, last_accepted = ?, refused_action = ?,
            refused_count = ?, attempts = ?, retry_at = ?, cycle_since = ?, cycle_reason = ?, applied_at = ?,
            rotated_at = ?, last_failure = ?, last_error = ?, rotate_pin_before = ?, due_at = CASE managed WHEN 1 THEN ? END
        WHERE number = ?
        """
    private static let insertPIN = """
        INSERT INTO pins (number, generation, sealed, key_id, origin, created_at, live_from, live_until, maybe_live,
            doubt_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    private static let updatePIN = """
        UPDATE pins SET live_from = ?, live_until = ?, maybe_live = ?, doubt_at = ? WHERE number = ? AND generation = ?
        """
    private static let liveGenerations = """
        SELECT generation, doubt_at FROM pins INDEXED BY pins_maybe_live
        WHERE number = ? AND maybe_live = 1 ORDER BY generation
        """

    /// Writes the dynamic part of a number's row, its new generation, and the state of the touched ones.
    ///
    /// Afterwards the stored belief must be the record's: a generation that was left out of `touched` by mistake would
    /// otherwise be forgotten, or believed in for ever.
    func save(
        _ record: NumberRecord, newGeneration: PINGeneration?, touched: [Int], _ sealer: PINSealer
    ) throws {
        try saveNumber(record)
        if let newGeneration {
            try insert(newGeneration, of: record, sealer)
        }
        for generation in Set(touched).sorted() where generation != newGeneration?.generation {
            try update(generation, of: record)
        }
        try checkLiveGenerations(of: record)
    }

    private func saveNumber(_ record: NumberRecord) throws {
        let belief = record.belief
        try cachedStatement(sql: Self.saveNumber).run { row in
            row.flag(belief.maybeOff)
            row.flag(belief.maybeForeign)
            row.instant(doubt(of: .off, in: belief))
            row.text(record.lastAccepted?.storedText)
            row.text(record.refusals?.action.rawValue)
            row.integer(record.refusals?.count)
            row.integer(record.attempts)
            row.instant(record.retryAt)
            row.instant(record.cycle?.since)
            row.text(record.cycle?.reason.rawValue)
            row.instant(record.appliedAt)
            row.instant(record.rotatedAt)
            row.text(record.lastFailure?.rawValue)
            row.text(record.lastError?.boundedLine(to: TextLimit.line))
            row.instant(record.rotateBefore)
            row.instant(record.dueAt)
            row.number(record.number)
        }
        guard changesCount == 1 else {
            throw StorageError.mismatch(number: record.number, problem: "the store does not know the number")
        }
    }

    func insert(_ pin: PINGeneration, of record: NumberRecord, _ sealer: PINSealer) throws {
        let effect = Effect.on(pin.generation)
        let sealed = sealer.seal(pin.pin, number: record.number, generation: pin.generation)
        try cachedStatement(sql: Self.insertPIN).run { row in
            row.number(record.number)
            row.integer(pin.generation)
            row.bytes(sealed)
            row.text(sealer.keyID)
            row.text(pin.origin.text)
            row.instant(pin.createdAt)
            row.instant(pin.liveFrom)
            row.instant(pin.liveUntil)
            row.flag(record.belief.contains(effect))
            row.instant(doubt(of: effect, in: record.belief))
        }
    }

    func update(_ generation: Int, of record: NumberRecord) throws {
        guard let pin = record.generation(generation) else {
            throw StorageError.mismatch(
                number: record.number, problem: "generation \(generation) is to be updated and is not in the record"
            )
        }
        let effect = Effect.on(generation)
        try cachedStatement(sql: Self.updatePIN).run { row in
            row.instant(pin.liveFrom)
            row.instant(pin.liveUntil)
            row.flag(record.belief.contains(effect))
            row.instant(doubt(of: effect, in: record.belief))
            row.number(record.number)
            row.integer(generation)
        }
        guard changesCount == 1 else {
            throw StorageError.mismatch(number: record.number, problem: "there is no generation \(generation)")
        }
    }

    func checkLiveGenerations(of record: NumberRecord) throws {
        let statement = try cachedStatement(sql: Self.liveGenerations)
        statement.bind { $0.number(record.number) }
        let cursor = try Row.fetchCursor(statement)
        var stored: [Int] = []
        var doubtsAgree = true
        while try cursor.next() != nil {
            var reader = RowReader(at: statement, table: "pins")
            let generation = reader.integer()
            stored.append(generation)
            let since = try reader.optionalInstant("doubt_at")
            doubtsAgree = doubtsAgree && since == doubt(of: .on(generation), in: record.belief)
        }
        guard stored == record.belief.generations, doubtsAgree else {
            throw StorageError.mismatch(
                number: record.number,
                problem: "its belief is \(record.belief.elements.joined(separator: ", ")), but the generations that "
                    + "may be live would be \(stored) after the write, or their doubts would differ"
            )
        }
    }

    func doubt(of effect: Effect, in belief: Belief) -> Instant? {
        belief.doubts.first { $0.effect == effect }?.since
    }
}
