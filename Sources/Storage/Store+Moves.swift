import Crypto
import Foundation
import GRDB
public import Planning

/// Where numbers come from that are taken in.
public struct MoveOrigin: Hashable, Sendable {
    /// The id of the bundle that they come with.
    public let bundle: String
    /// Which store they come from, in its own words.
    public let source: String

    public init(bundle: String, source: String) {
        self.bundle = bundle
        self.source = source
    }
}

extension Store {
    /// Hands numbers over to whoever gets `bundle`, in one transaction: from now on they are not believed here. What
    /// goes with them is read afterwards, with ``StoreReader/moved(_:with:at:)``.
    ///
    /// - Parameters:
    ///   - numbers: those to go.
    ///   - bundle: the id of the bundle that they go in.
    ///   - again: whether one that has gone already may go once more, because its bundle was lost unused.
    ///   - now: when they go.
    ///   - actor: who hands them over, for the history.
    /// - Throws: ``StorageError/moveRefused(problem:)`` for the first one that cannot go; then none of them does.
    public func handOver(
        _ numbers: [PhoneNumber], with bundle: String, again: Bool, at now: Instant, actor: String
    ) throws(StorageError) {
        try write { db in
            for number in numbers {
                if let problem = try Self.problem(ofHandingOver: number, again: again, db) {
                    throw StorageError.moveRefused(problem: problem)
                }
                try db.cachedStatement(
                    sql: """
                        UPDATE numbers SET handed_over_at = coalesce(handed_over_at, ?),
                            moves = moves + (moved_out IS NULL), moved_out = ?
                        WHERE number = ?
                        """
                ).execute(arguments: [now.description, bundle, number.description])
                try db.append(
                    EventEntry(
                        at: now, kind: .movedOut, number: number, actor: actor,
                        detail: "handed over with bundle \(bundle)\(again ? ", again" : "")"))
            }
        }
    }

    private static func problem(ofHandingOver number: PhoneNumber, again: Bool, _ db: Database) throws -> String? {
        guard let custody = try Custody(of: number, db) else { return "\(number) is not in this store" }
        guard !custody.isManaged else {
            return "\(number) is in the desired state in force, so this store works on it: take it out of the file, or "
                + "change the shard, first"
        }
        let sql = "SELECT EXISTS (SELECT 1 FROM changes WHERE answered_at IS NULL AND number = ?)"
        guard try Bool.fetchOne(db.cachedStatement(sql: sql), arguments: [number.description]) != true else {
            return "a request for \(number) has no answer yet: try again in a moment"
        }
        guard again || custody.movedOut == nil else {
            return "\(number) has gone already, with bundle \(custody.movedOut ?? ""): if nobody took that in, --again "
                + "makes another"
        }
        return nil
    }

    /// Takes numbers in that another store handed over, in one transaction. They are not managed before the desired
    /// state names them; then they begin where the other store ended.
    ///
    /// - Returns: how many are new here; the others came with the same bundle before.
    /// - Throws: ``StorageError/moveRefused(problem:)`` for the first one that this store has; then none is taken.
    public func takeIn(
        _ numbers: [MovedNumber], from origin: MoveOrigin, at now: Instant, actor: String, settleDelay: Duration
    ) throws(StorageError) -> Int {
        try write { db in
            var count = 0
            let revision = try db.revision(of: origin, at: now)
            try db.cachedStatement(sql: "DELETE FROM moved_writes WHERE sent_at < ?")
                .execute(arguments: [now.advanced(by: .zero - WriteBudget.window).description])
            for moved in numbers {
                let custody = try Custody(of: moved.number, db)
                switch custody?.verdict(on: moved, from: origin.bundle) {
                case .refused(let problem): throw StorageError.moveRefused(problem: problem)
                case .arrived: continue
                case .returning, nil: break
                }
                let arrival = moved.arriving(
                    over: try db.leftover(of: moved.number, sealer, path: path), now: now, settleDelay: settleDelay)
                try db.write(moved, arrival, from: origin, revision: revision, isNew: custody == nil)
                try db.write(arrival, of: moved, sealer)
                try db.append(
                    EventEntry(
                        at: now, kind: .movedIn, number: moved.number, actor: actor,
                        detail: "taken in with bundle \(origin.bundle) from \(origin.source): "
                            + arrival.belief.elements.joined(separator: " or ")))
                count += 1
            }
            return count
        }
    }
}

extension Database {
    /// Every row names the desired state that changed it last. For those that come from elsewhere it is one that stands
    /// for the bundle, and that is never in force.
    fileprivate func revision(of origin: MoveOrigin, at now: Instant) throws -> Int {
        let source = "bundle \(origin.bundle)"
        let sql = "SELECT revision FROM desired_states WHERE state = 'held' AND source = ?"
        if let known = try Int.fetchOne(self, sql: sql, arguments: [source]) { return known }
        let digest = SHA256.hash(data: Data("twostepd \(source)".utf8))
        let state = DesiredState(numbers: [], sha256: digest.hexadecimal, source: source)
        let reason = "numbers from \(origin.source.boundedLine(to: TextLimit.line))"
        return try DesiredStateRow.append(state, DesiredStateDifference(), heldBecause: reason, at: now, self)
    }

    /// What the store still holds of a number that it gave away; nil when it never had it.
    fileprivate func leftover(of number: PhoneNumber, _ sealer: PINSealer, path: String) throws -> Leftover? {
        guard let row = try numberRow(number) else { return nil }
        let pins = try PINRow.working(set: number, self)
        let record = try row.asWritten(pins: pins.map(\.summary), recentWrites: []).record
        return Leftover(
            belief: record.belief,
            generations: try pins.map { pin in
                pin.summary.generation(with: try pin.pin(of: number, sealer, path: path))
            })
    }

    private static let ownColumns = [
        "desired_revision", "maybe_off", "maybe_foreign", "off_doubt_at", "last_accepted", "applied_at", "rotated_at",
        "rotate_pin_before", "paused_at", "paused_by", "pause_reason", "pause_exposed", "moved_in", "moves",
    ]

    private static let insertMoved = """
        INSERT INTO numbers (managed, \((DesiredNumber.columns + ownColumns + ["number"]).joined(separator: ", ")))
        VALUES (0, \((DesiredNumber.columns + ownColumns + ["number"]).map { _ in "?" }.joined(separator: ", ")))
        """
    private static let updateMoved = """
        UPDATE numbers SET \((DesiredNumber.columns + ownColumns).map { "\($0) = ?" }.joined(separator: ", ")),
            handed_over_at = NULL, moved_out = NULL, retry_at = NULL, attempts = 0, refused_action = NULL,
            refused_count = NULL, last_failure = NULL, last_error = NULL
        WHERE number = ?
        """

    fileprivate func write(
        _ moved: MovedNumber, _ arrival: Arrival, from origin: MoveOrigin, revision: Int, isNew: Bool
    ) throws {
        let belief = arrival.belief
        let own: StatementArguments = [
            revision, belief.maybeOff, belief.maybeForeign, doubt(of: .off, in: belief)?.description,
            arrival.lastAccepted?.storedText, moved.appliedAt?.description, moved.rotatedAt?.description,
            moved.rotateBefore?.description,
        ]
        try cachedStatement(sql: isNew ? Self.insertMoved : Self.updateMoved).execute(
            arguments: StatementArguments(moved.desired.columnValues) + own + PauseColumns.arguments(moved.pause)
                + [origin.bundle, moved.moves, moved.number.description])
        for write in moved.recentWrites {
            try cachedStatement(sql: "INSERT INTO moved_writes (number, sent_at) VALUES (?, ?)")
                .execute(arguments: [moved.number.description, write.description])
        }
    }

    /// Writes the generations; afterwards those that may be live are the belief's.
    fileprivate func write(_ arrival: Arrival, of moved: MovedNumber, _ sealer: PINSealer) throws {
        var record = NumberRecord(number: moved.number, belief: arrival.belief)
        record.generations = (arrival.known + arrival.new).sorted { $0.generation < $1.generation }
        for generation in arrival.new { try insert(generation, of: record, sealer) }
        for generation in arrival.known { try update(generation.generation, of: record) }
        try checkLiveGenerations(of: record)
    }
}
