import GRDB
import Planning

extension Store {
    private static let saveNumber = """
        UPDATE numbers SET version = version + 1, \(assignments(NumberRow.dynamicColumns))
        WHERE number = ? AND version = ?
        """
    private static let saveEntry = """
        UPDATE numbers SET version = version + 1, \(assignments(NumberRow.dynamicColumns)),
            \(assignments(DesiredNumber.columns)), managed = ?, desired_revision = ?
        WHERE number = ? AND version = ?
        """
    private static let insertNumber: String = {
        let columns =
            ["number"] + NumberRow.dynamicColumns + DesiredNumber.columns + ["managed", "desired_revision", "version"]
        return """
            INSERT INTO numbers (\(columns.joined(separator: ", ")))
            VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))
            """
    }()
    private static let rescheduleNumber =
        "UPDATE numbers SET version = version + 1, due_at = ? WHERE number = ? AND version = ?"
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

    private static func assignments(_ columns: [String]) -> String {
        columns.map { "\($0) = ?" }.joined(separator: ", ")
    }

    // MARK: A record of the engine

    /// Writes the dynamic part of a number's row, its new generation, and the state of the touched ones.
    ///
    /// Afterwards the stored belief must be the record's: a generation that was left out of `touched` by mistake would
    /// otherwise be forgotten, or believed in for ever.
    func save(_ record: NumberRecord, newGeneration: PINGeneration?, touched: [Int], _ db: Database) throws {
        let before = notifiesOfNumbers ? try Self.health(of: record.number, db) : nil
        try saveRow(record, over: record.version, db)
        if let newGeneration { try insert(newGeneration, of: record, db) }
        for generation in Set(touched).sorted() where generation != newGeneration?.generation {
            try update(generation, of: record, db)
        }
        try checkLiveGenerations(of: record, db)
        if let before { try notify(of: record, since: before, db) }
    }

    /// Writes only when a number is due.
    func reschedule(_ record: NumberRecord, _ db: Database) throws {
        try db.cachedStatement(sql: Self.rescheduleNumber).run { row in
            row.instant(record.dueAt)
            row.number(record.number)
            row.integer(record.version)
        }
        try checkVersion(of: record.number, db)
    }

    // MARK: A record that a transformation of the core changed

    /// Writes what a transformation made of a stored record that was loaded closed; nothing when it changed nothing.
    ///
    /// - Returns: whether the row was written.
    @discardableResult
    func write(_ record: NumberRecord, over stored: NumberRecord, _ db: Database) throws -> Bool {
        guard record != stored else { return false }
        try saveRow(record, over: stored.version, db)
        let touched = record.generationsTouched(since: stored)
        for generation in touched { try update(generation, of: record, db) }
        if !touched.isEmpty { try checkLiveGenerations(of: record, db) }
        try notify(of: record, since: stored.health, db)
        return true
    }

    /// Writes a stored record under another entry of the desired state, or under none.
    func writeEntry(
        _ record: NumberRecord, over stored: NumberRecord, revision: Int, _ db: Database
    ) throws {
        guard let entry = record.desired ?? stored.desired else {
            preconditionFailure("an adoption changes a number that is in the new state, or was in the one before")
        }
        try db.cachedStatement(sql: Self.saveEntry).run { row in
            row.dynamic(record)
            row.desired(entry)
            row.flag(record.desired != nil)
            row.integer(revision)
            row.number(record.number)
            row.integer(stored.version)
        }
        try checkVersion(of: record.number, db)
        try notify(of: record, since: stored.health, db)
    }

    /// Writes the record of a number that the store does not know.
    func insert(_ record: NumberRecord, revision: Int, _ db: Database) throws {
        guard let entry = record.desired else { preconditionFailure("a new number has an entry") }
        try db.cachedStatement(sql: Self.insertNumber).run { row in
            row.number(record.number)
            row.dynamic(record)
            row.desired(entry)
            row.flag(true)
            row.integer(revision)
            row.integer(record.version + 1)
        }
    }

    // MARK: Parts

    private func saveRow(_ record: NumberRecord, over version: Int, _ db: Database) throws {
        try db.cachedStatement(sql: Self.saveNumber).run { row in
            row.dynamic(record)
            row.number(record.number)
            row.integer(version)
        }
        try checkVersion(of: record.number, db)
    }

    /// Throws when the statement before wrote no row: the number has another version, or is unknown.
    private func checkVersion(of number: PhoneNumber, _ db: Database) throws {
        guard db.changesCount != 1 else { return }
        let sql = "SELECT EXISTS (SELECT 1 FROM numbers WHERE number = ?)"
        guard try Bool.fetchOne(db, sql: sql, arguments: [number.description]) == true else {
            throw StorageError.mismatch(number: number, problem: "the store does not know the number")
        }
        throw StorageError.outdated(number: number)
    }

    private func insert(_ pin: PINGeneration, of record: NumberRecord, _ db: Database) throws {
        guard let value = pin.pin else {
            throw StorageError.mismatch(
                number: record.number, problem: "the new generation \(pin.generation) has no PIN")
        }
        let effect = Effect.on(pin.generation)
        let sealed = sealer.seal(value, number: record.number, generation: pin.generation)
        try db.cachedStatement(sql: Self.insertPIN).run { row in
            row.number(record.number)
            row.integer(pin.generation)
            row.bytes(sealed)
            row.text(sealer.keyID)
            row.text(pin.origin.text)
            row.instant(pin.createdAt)
            row.instant(pin.liveFrom)
            row.instant(pin.liveUntil)
            row.flag(record.belief.contains(effect))
            row.instant(record.belief.doubt(of: effect))
        }
    }

    private func update(_ generation: Int, of record: NumberRecord, _ db: Database) throws {
        guard let pin = record.generation(generation) else {
            throw StorageError.mismatch(
                number: record.number, problem: "generation \(generation) is to be updated and is not in the record"
            )
        }
        let effect = Effect.on(generation)
        try db.cachedStatement(sql: Self.updatePIN).run { row in
            row.instant(pin.liveFrom)
            row.instant(pin.liveUntil)
            row.flag(record.belief.contains(effect))
            row.instant(record.belief.doubt(of: effect))
            row.number(record.number)
            row.integer(generation)
        }
        guard db.changesCount == 1 else {
            throw StorageError.mismatch(number: record.number, problem: "there is no generation \(generation)")
        }
    }

    private func checkLiveGenerations(of record: NumberRecord, _ db: Database) throws {
        let statement = try db.cachedStatement(sql: Self.liveGenerations)
        statement.bind { $0.number(record.number) }
        let cursor = try Row.fetchCursor(statement)
        var stored: [Int] = []
        var doubtsAgree = true
        while try cursor.next() != nil {
            var reader = RowReader(at: statement, table: "pins", key: record.number.description)
            let generation = reader.integer()
            stored.append(generation)
            let since = try reader.optionalInstant("doubt_at")
            doubtsAgree = doubtsAgree && since == record.belief.doubt(of: .on(generation))
        }
        guard stored == record.belief.generations, doubtsAgree else {
            throw StorageError.mismatch(
                number: record.number,
                problem: "its belief is \(record.belief.elements.joined(separator: ", ")), but the generations that "
                    + "may be live would be \(stored) after the write, or their doubts would differ"
            )
        }
    }
}

extension Belief {
    /// Since when a request with this effect may still land; nil when none may.
    fileprivate func doubt(of effect: Effect) -> Instant? { doubts.first { $0.effect == effect }?.since }
}

extension Bindings {
    /// The columns of ``NumberRow/dynamicColumns``.
    fileprivate mutating func dynamic(_ record: NumberRecord) {
        flag(record.belief.maybeOff)
        flag(record.belief.maybeForeign)
        instant(record.belief.doubt(of: .off))
        text(record.lastAccepted?.storedText)
        text(record.refusals?.action.rawValue)
        integer(record.refusals?.count)
        integer(record.attempts)
        instant(record.retryAt)
        instant(record.cycle?.since)
        text(record.cycle?.reason.rawValue)
        instant(record.appliedAt)
        instant(record.rotatedAt)
        text(record.lastFailure?.rawValue)
        text(record.lastError?.boundedLine(to: TextLimit.line))
        instant(record.rotateBefore)
        pause(record.pause)
        instant(record.dueAt)
    }

    /// The columns of ``DesiredNumber/columns``.
    fileprivate mutating func desired(_ entry: DesiredNumber) {
        for value in entry.columnValues { text(value) }
    }
}
