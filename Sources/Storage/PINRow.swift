import GRDB
public import Planning

/// One row of `pins`: a PIN generation, and its part of the number's belief.
public struct PINRow: Hashable, Sendable {
    /// The generation. Its PIN is closed unless the row was read with a sealer.
    public let generation: PINGeneration
    /// True when the generation is in the belief.
    public let maybeLive: Bool
    /// The time since which an enable with this PIN is in doubt.
    public let doubtAt: Instant?
    /// The id of the key under which the PIN is sealed.
    public let keyID: String
}

extension PINRow {
    private static let columns = """
        number, maybe_live, generation, sealed, key_id, origin, created_at, live_from, live_until, doubt_at
        """

    /// Reads the current row of `statement`, a query of these columns. A PIN that `sealer` cannot open is marked as
    /// unreadable; without a sealer it stays closed.
    private init(at statement: Statement, _ sealer: PINSealer? = nil) throws(StorageError) {
        var reader = RowReader(at: statement, table: "pins")
        let number = try reader.number()
        maybeLive = reader.flag()
        let generation = reader.integer()
        let sealed = sealer == nil ? [] : reader.bytes()
        if sealer == nil { reader.skip() }
        let keyID = reader.text()
        let origin = try reader.value("origin") { PINGeneration.Origin(text: $0) }
        let createdAt = try reader.instant("created_at")
        let liveFrom = try reader.optionalInstant("live_from")
        let liveUntil = try reader.optionalInstant("live_until")
        doubtAt = try reader.optionalInstant("doubt_at")
        self.keyID = keyID
        let pin = sealer.flatMap { try? $0.open(sealed, number: number, generation: generation, keyID: keyID) }
        self.generation = PINGeneration(
            generation: generation, pin: pin, isUnreadable: sealer != nil && pin == nil, origin: origin,
            createdAt: createdAt, liveFrom: liveFrom, liveUntil: liveUntil)
    }

    private static let newestQuery = """
        SELECT \(columns) FROM pins WHERE number = ? ORDER BY generation DESC LIMIT ?
        """
    private static let olderLiveQuery = """
        SELECT \(columns) FROM pins INDEXED BY pins_maybe_live
        WHERE number = ? AND maybe_live = 1 AND generation < ? ORDER BY generation DESC
        """
    private static let oneQuery = "SELECT \(columns) FROM pins WHERE number = ? AND generation = ?"

    /// Returns the newest generations of a number and every older one that may be live; ascending, opened by `sealer`.
    static func working(set number: PhoneNumber, _ sealer: PINSealer, _ db: Database) throws -> [PINRow] {
        let newest = PINGenerator.remembered
        var rows = try fetch(newestQuery, [number.description, newest], sealer, db)
        if rows.count == newest, let oldest = rows.last?.generation.generation {
            rows += try fetch(olderLiveQuery, [number.description, oldest], sealer, db)
        }
        return rows.reversed()
    }

    /// Returns the newest generations of a number, at most `limit`, newest first, closed.
    static func newest(_ limit: Int, of number: PhoneNumber, _ db: Database) throws -> [PINRow] {
        try fetch(newestQuery, [number.description, limit], nil, db)
    }

    /// Returns one generation of a number, closed; nil when none exists.
    static func one(_ generation: Int, of number: PhoneNumber, _ db: Database) throws -> PINRow? {
        try fetch(oneQuery, [number.description, generation], nil, db).first
    }

    /// Returns the PIN of one generation; nil when there is no such generation. Throws the reason when the PIN cannot
    /// be opened.
    static func pin(
        of number: PhoneNumber, generation: Int, _ sealer: PINSealer?, _ db: Database, path: String
    ) throws -> PIN? {
        let sql = "SELECT sealed, key_id FROM pins WHERE number = ? AND generation = ?"
        return try db.firstRow(of: "pins", sql, [number.description, generation]) { row in
            let (sealed, keyID) = (row.bytes(), row.text())
            guard let sealer else { throw StorageError.keyNeeded(path: path, id: keyID) }
            return try sealer.open(sealed, number: number, generation: generation, keyID: keyID)
        }
    }

    private static func fetch(
        _ sql: String, _ arguments: StatementArguments, _ sealer: PINSealer?, _ db: Database
    ) throws -> [PINRow] {
        var rows: [PINRow] = []
        let statement = try db.cachedStatement(sql: sql)
        let cursor = try Row.fetchCursor(statement, arguments: arguments)
        while try cursor.next() != nil { rows.append(try PINRow(at: statement, sealer)) }
        return rows
    }
}

extension PINRow {
    /// The numbers whose rows are read at once.
    enum Span {
        /// Every number from the first through the last.
        case range(from: PhoneNumber, through: PhoneNumber)
        /// The listed numbers.
        case numbers([PhoneNumber])

        /// The condition on `number`, of two parameters.
        fileprivate var condition: String {
            switch self {
            case .range: "number BETWEEN ? AND ?"
            case .numbers: "number IN (SELECT value FROM json_each(?))"
            }
        }

        fileprivate var arguments: StatementArguments {
            switch self {
            case .range(let first, let last): [first.description, last.description]
            case .numbers(let numbers): [numbers.jsonText]
            }
        }
    }

    /// Returns for every number in a span the newest generation and those that may be live, ascending and closed; an
    /// error for a number whose PINs cannot be read.
    static func outlines(
        of span: Span, _ db: Database
    ) throws -> [PhoneNumber: Result<[PINRow], StorageError>] {
        // Backwards, so that the newest of each number comes first and nothing has to be sorted.
        let sql = "SELECT \(columns) FROM pins WHERE \(span.condition) ORDER BY number DESC, generation DESC"
        let statement = try db.cachedStatement(sql: sql)
        let cursor = try Row.fetchCursor(statement, arguments: span.arguments)
        var outlines: [PhoneNumber: Result<[PINRow], StorageError>] = [:]
        var last: PhoneNumber?
        while try cursor.next() != nil {
            var reader = RowReader(at: statement, table: "pins")
            let number = try reader.number()
            let isNewest = number != last
            last = number
            guard isNewest || reader.flag() else { continue }
            do throws(StorageError) {
                let newer = try outlines[number]?.get() ?? []
                outlines[number] = .success([try PINRow(at: statement)] + newer)
            } catch {
                outlines[number] = .failure(error)
            }
        }
        return outlines
    }

    /// Returns the outline of one number.
    static func outline(of number: PhoneNumber, _ db: Database) throws -> [PINRow] {
        try outlines(of: .range(from: number, through: number), db)[number]?.get() ?? []
    }
}

extension [PhoneNumber] {
    /// A JSON array of the numbers, for `json_each`: one statement serves any count of numbers.
    var jsonText: String { "[" + map { "\"\($0)\"" }.joined(separator: ",") + "]" }
}
