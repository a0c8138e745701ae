import GRDB
public import Planning

/// A number that no desired state in force names, and that can go to another store.
public struct Movable: Hashable, Sendable {
    public let number: PhoneNumber
    /// Whether it has gone already, with a bundle.
    public let hasGone: Bool
}

extension StoreReader {
    /// The numbers after `number` that are not managed, in number order, at most `limit`.
    public func movable(after number: PhoneNumber?, limit: Int) throws(StorageError) -> [Movable] {
        try read { db in
            let sql = """
                SELECT number, moved_out IS NOT NULL FROM numbers
                WHERE managed = 0 AND number > ? ORDER BY number LIMIT ?
                """
            let limit = min(max(limit, 1), Self.pageLimit)
            return try db.rows(of: "numbers", sql, [number?.description ?? "", limit]) { row in
                Movable(number: try row.number(), hasGone: row.flag())
            }
        }
    }

    /// What goes with a number that was handed over with `bundle`; nil when it was not, or has come back.
    public func moved(
        _ number: PhoneNumber, with bundle: String, at now: Instant
    ) throws(StorageError) -> MovedNumber? {
        try read { db in
            guard let custody = try Custody(of: number, db), custody.movedOut == bundle,
                let row = try db.numberRow(number)
            else { return nil }
            let pins = try PINRow.working(set: number, db)
            let record = try row.asWritten(
                pins: pins.map(\.summary), recentWrites: db.recentWrites(of: number, at: now)
            ).record
            var desired = row.desired
            desired.tokenMark = nil
            return MovedNumber(
                desired: desired, belief: record.belief,
                generations: try pins.map { pin in
                    pin.summary.generation(with: try pin.pin(of: number, sealer, path: path))
                },
                lastAccepted: record.lastAccepted, appliedAt: record.appliedAt, rotatedAt: record.rotatedAt,
                rotateBefore: record.rotateBefore, pause: record.pause, recentWrites: record.recentWrites,
                moves: custody.moves)
        }
    }

    /// Why a number of a bundle cannot be taken in; nil when it can, or is here already with the same bundle.
    public func problem(ofTakingIn moved: MovedNumber, from bundle: String) throws(StorageError) -> String? {
        try read { db in
            switch try Custody(of: moved.number, db).map({ $0.verdict(on: moved, from: bundle) }) {
            case .refused(let problem): problem
            case .arrived, .returning, nil: nil
            }
        }
    }

    /// Whether a number came with this bundle, and is still here.
    public func hasArrived(_ number: PhoneNumber, with bundle: String) throws(StorageError) -> Bool {
        try read { db in
            let custody = try Custody(of: number, db)
            return custody?.movedIn == bundle && custody?.isElsewhere == false
        }
    }
}

/// Who has a number, as its row says.
struct Custody {
    let number: PhoneNumber
    let isManaged: Bool
    let isElsewhere: Bool
    let movedOut: String?
    let movedIn: String?
    let moves: Int

    /// What becomes of a number that arrives.
    enum Verdict: Equatable {
        /// It is here already, with the same bundle.
        case arrived
        /// It comes back.
        case returning
        case refused(String)
    }

    /// Nil when the store does not know the number.
    init?(of number: PhoneNumber, _ db: Database) throws {
        let sql = "SELECT managed, handed_over_at IS NOT NULL, moved_out, moved_in, moves FROM numbers WHERE number = ?"
        guard let row = try Row.fetchOne(db.cachedStatement(sql: sql), arguments: [number.description]) else {
            return nil
        }
        self.number = number
        (isManaged, isElsewhere, movedOut, movedIn, moves) = (row[0], row[1], row[2], row[3], row[4])
    }

    func verdict(on moved: MovedNumber, from bundle: String) -> Verdict {
        guard isElsewhere else {
            if movedIn == bundle { return .arrived }
            let why = isManaged ? "this store works on it already" : "this store knows it, and never gave it away"
            return .refused("\(number): \(why); what the bundle says of it may be wrong by now")
        }
        guard moved.moves > moves else {
            return .refused("\(number): the bundle is older than what this store knows of it: was it taken in before?")
        }
        return .returning
    }
}
