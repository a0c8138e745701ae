import GRDB
import Planning

extension Store {
    private static let saveNumber = update(NumberColumn.all.map(\.name))
    private static let insertNumber: String = {
        let columns =
            ["number"] + NumberColumn.all.map(\.name) + DesiredNumber.columns + [
                "managed", "desired_revision", "version",
            ]
        return """
            INSERT INTO numbers (\(columns.joined(separator: ", ")))
            VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))
            """
    }()
    private static let rescheduleNumber = update(["due_at"])
    private static let insertPIN = """
        INSERT INTO pins (number, generation, sealed, key_id, origin, created_at, live_from, live_until, maybe_live,
            doubt_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    private static let updatePIN = """
        UPDATE pins SET created_at = ?, live_from = ?, live_until = ?, maybe_live = ?, doubt_at = ?
        WHERE number = ? AND generation = ?
        """
    private static let liveGenerations = """
        SELECT generation, doubt_at FROM pins INDEXED BY pins_maybe_live
        WHERE number = ? AND maybe_live = 1 ORDER BY generation
        """

    /// Returns an UPDATE of the row that has a given version, which increments the version.
    private static func update(_ columns: [String]) -> String {
        let assignments = columns.map { ", \($0) = ?" }.joined()
        return "UPDATE numbers SET version = version + 1\(assignments) WHERE number = ? AND version = ?"
    }

    // MARK: A record of the engine

    /// Writes the dynamic part of a number's row, its new generation, and the state of the touched ones.
    ///
    /// Checks afterwards that the stored belief equals the record's. Otherwise a generation that is missing from
    /// `touched` by mistake would be forgotten, or stay in the belief for ever.
    func save(_ record: NumberRecord, newGeneration: PINGeneration?, touched: [Int], _ db: Database) throws {
        let before = notifiesOfNumbers ? try Self.health(of: record.number, db) : nil
        try db.cachedStatement(sql: Self.saveNumber).run { row in
            for column in NumberColumn.all { column.bind(&row, record) }
            row.number(record.number)
            row.integer(record.version)
        }
        try checkVersion(of: record.number, db)
        if let newGeneration { try insert(newGeneration, of: record, db) }
        for generation in Set(touched).sorted() where generation != newGeneration?.generation {
            try update(generation, of: record, db)
        }
        try checkLiveGenerations(of: record, db)
        if let before { try notify(of: record, since: before, db) }
    }

    /// Writes only the due time of a number.
    func reschedule(_ record: NumberRecord, _ db: Database) throws {
        try db.cachedStatement(sql: Self.rescheduleNumber).run { row in
            row.instant(record.dueAt)
            row.number(record.number)
            row.integer(record.version)
        }
        try checkVersion(of: record.number, db)
    }

    // MARK: A record that a transformation of the core changed

    /// Writes the changes that a transformation made to a stored record, which was loaded with closed PINs; nothing
    /// when there are none.
    func write(_ record: NumberRecord, over stored: NumberRecord, _ db: Database) throws {
        guard record != stored else { return }
        // Only the changed columns, so that SQLite need not evaluate the checks and indexes of the others.
        let columns = NumberColumn.all.filter { $0.differs(record, stored) }
        try db.cachedStatement(sql: Self.update(columns.map(\.name))).run { row in
            for column in columns { column.bind(&row, record) }
            row.number(record.number)
            row.integer(stored.version)
        }
        try checkVersion(of: record.number, db)
        let touched = record.generationsTouched(since: stored)
        for generation in touched { try update(generation, of: record, db) }
        if !touched.isEmpty { try checkLiveGenerations(of: record, db) }
        if let drift = EventEntry.drift(of: record, since: stored) { try append(drift, db) }
        try notify(of: record, since: stored.health, db)
    }

    /// Writes a stored record with another entry of the desired state, or without one.
    func writeEntry(
        _ record: NumberRecord, over stored: NumberRecord, revision: Int, _ db: Database
    ) throws {
        guard let entry = record.desired ?? stored.desired else {
            preconditionFailure("an adoption changes a number that is in the new state, or was in the one before")
        }
        let columns = NumberColumn.all.filter { $0.differs(record, stored) }
        let names = columns.map(\.name) + DesiredNumber.columns + ["managed", "desired_revision"]
        try db.cachedStatement(sql: Self.update(names)).run { row in
            for column in columns { column.bind(&row, record) }
            row.desired(entry)
            row.flag(record.desired != nil)
            row.integer(revision)
            row.number(record.number)
            row.integer(stored.version)
        }
        try checkVersion(of: record.number, db)
        try notify(of: record, since: stored.health, db)
    }

    /// Writes the record of a number that is new to the store.
    func insert(_ record: NumberRecord, revision: Int, _ db: Database) throws {
        guard let entry = record.desired else { preconditionFailure("a new number has an entry") }
        try db.cachedStatement(sql: Self.insertNumber).run { row in
            row.number(record.number)
            for column in NumberColumn.all { column.bind(&row, record) }
            row.desired(entry)
            row.flag(true)
            row.integer(revision)
            row.integer(record.version + 1)
        }
    }

    // MARK: Parts

    /// Throws when the previous statement wrote no row: the number has another version, or is unknown.
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
            row.instant(pin.createdAt)
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

extension Bindings {
    /// Binds the columns of `DesiredNumber/columns`.
    fileprivate mutating func desired(_ entry: DesiredNumber) {
        for value in entry.columnValues { text(value) }
    }
}
