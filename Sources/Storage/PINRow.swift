import GRDB
import Planning

/// One row of `pins`, still sealed.
struct PINRow {
    let summary: PINSummary
    let sealed: [UInt8]

    private static let columns = """
        generation, sealed, key_id, origin, created_at, live_from, live_until, maybe_live, doubt_at
        """
    private static let newestQuery = """
        SELECT \(columns) FROM pins WHERE number = ? ORDER BY generation DESC LIMIT ?
        """
    private static let olderLiveQuery = """
        SELECT \(columns) FROM pins INDEXED BY pins_maybe_live
        WHERE number = ? AND maybe_live = 1 AND generation < ? ORDER BY generation DESC
        """
    private static let oneQuery = "SELECT \(columns) FROM pins WHERE number = ? AND generation = ?"

    /// The newest generations of a number, and every other one that may be live; ascending.
    static func working(set number: PhoneNumber, _ db: Database) throws -> [PINRow] {
        let newest = PINGenerator.remembered
        var rows = try fetch(newestQuery, [number.description, newest], number, db)
        if rows.count == newest, let oldest = rows.last?.summary.generation {
            rows += try fetch(olderLiveQuery, [number.description, oldest], number, db)
        }
        return rows.reversed()
    }

    private static let liveQuery = """
        SELECT \(columns), number FROM pins INDEXED BY pins_maybe_live
        WHERE number BETWEEN ? AND ? AND maybe_live = 1 ORDER BY number, generation
        """
    /// The other columns are those of the row that has the highest generation.
    private static let lastQuery = """
        SELECT \(columns), number, max(generation) FROM pins WHERE number BETWEEN ? AND ? GROUP BY number
        """

    /// The generations that may be live and the newest one of all numbers from `first` to `last`, ascending, without the
    /// PINs; a number whose PINs cannot be read has its error.
    static func outlines(
        from first: PhoneNumber, through last: PhoneNumber, _ db: Database
    ) throws -> [String: Result<[PINSummary], StorageError>] {
        var outlines: [String: Result<[PINSummary], StorageError>] = [:]
        let arguments: StatementArguments = [first.description, last.description]
        for query in [liveQuery, lastQuery] {
            let statement = try db.cachedStatement(sql: query)
            let cursor = try Row.fetchCursor(statement, arguments: arguments)
            while let row = try cursor.next() {
                let (number, generation): (String, Int) = (row[9], row[0])
                do throws(StorageError) {
                    let pins = try outlines[number]?.get() ?? []
                    // Mostly the newest one is the one that is live.
                    guard pins.last?.generation != generation else { continue }
                    outlines[number] = .success(pins + [try summary(at: statement, of: number)])
                } catch {
                    outlines[number] = .failure(error)
                }
            }
        }
        return outlines
    }

    /// The same of one number.
    static func outline(of number: PhoneNumber, _ db: Database) throws -> [PINSummary] {
        try outlines(from: number, through: number, db)[number.description]?.get() ?? []
    }

    /// The newest generations of a number, at most `limit`, newest first.
    static func newest(_ limit: Int, of number: PhoneNumber, _ db: Database) throws -> [PINRow] {
        try fetch(newestQuery, [number.description, limit], number, db)
    }

    static func one(_ generation: Int, of number: PhoneNumber, _ db: Database) throws -> PINRow? {
        try fetch(oneQuery, [number.description, generation], number, db).first
    }

    /// The PIN; `sealer` is nil when no key was given.
    func pin(of number: PhoneNumber, _ sealer: PINSealer?, path: String) throws(StorageError) -> PIN {
        guard let sealer else { throw .keyNeeded(path: path, id: summary.keyID) }
        return try sealer.open(sealed, number: number, generation: summary.generation, keyID: summary.keyID)
    }

    private static func fetch(
        _ sql: String, _ arguments: StatementArguments, _ number: PhoneNumber, _ db: Database
    ) throws -> [PINRow] {
        var rows: [PINRow] = []
        let statement = try db.cachedStatement(sql: sql)
        let cursor = try Row.fetchCursor(statement, arguments: arguments)
        while try cursor.next() != nil {
            rows.append(try PINRow(at: statement, of: number))
        }
        return rows
    }

    private init(at statement: Statement, of number: PhoneNumber) throws(StorageError) {
        var reader = RowReader(at: statement, table: "pins", key: number.description)
        reader.skip()
        sealed = reader.bytes()
        summary = try Self.summary(at: statement, of: number.description)
    }

    /// All of a row but the sealed PIN.
    private static func summary(at statement: Statement, of number: String) throws(StorageError) -> PINSummary {
        var reader = RowReader(at: statement, table: "pins", key: number)
        let generation = reader.integer()
        reader.skip()
        let keyID = reader.text()
        let origin = try reader.value("origin") { PINGeneration.Origin(text: $0) }
        let createdAt = try reader.instant("created_at")
        let liveFrom = try reader.optionalInstant("live_from")
        let liveUntil = try reader.optionalInstant("live_until")
        let maybeLive = reader.flag()
        return PINSummary(
            generation: generation, origin: origin, createdAt: createdAt, liveFrom: liveFrom, liveUntil: liveUntil,
            maybeLive: maybeLive, doubtAt: try reader.optionalInstant("doubt_at"), keyID: keyID
        )
    }
}
