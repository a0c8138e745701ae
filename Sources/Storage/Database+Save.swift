import Foundation
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
        try cachedStatement(sql: Self.saveNumber).execute(
            arguments: [
                belief.maybeOff, belief.maybeForeign, doubtText(of: .off, in: belief),
                record.lastAccepted?.storedText, record.refusals?.action.rawValue, record.refusals?.count,
                record.attempts, record.retryAt?.description, record.cycle?.since.description,
                record.cycle?.reason.rawValue, record.appliedAt?.description, record.rotatedAt?.description,
                record.lastFailure?.rawValue, record.lastError?.boundedLine(to: TextLimit.line),
                record.rotateBefore?.description, record.dueAt?.description,
                record.number.description,
            ]
        )
        guard changesCount == 1 else {
            throw StorageError.mismatch(number: record.number, problem: "the store does not know the number")
        }
    }

    func insert(_ pin: PINGeneration, of record: NumberRecord, _ sealer: PINSealer) throws {
        let effect = Effect.on(pin.generation)
        let sealed = sealer.seal(pin.pin, number: record.number, generation: pin.generation)
        try cachedStatement(sql: Self.insertPIN).run(
            [
                record.number.description, pin.generation, Data(sealed), sealer.keyID, pin.origin.text,
                pin.createdAt.description, pin.liveFrom?.description, pin.liveUntil?.description,
                record.belief.contains(effect), doubtText(of: effect, in: record.belief),
            ]
        )
    }

    func update(_ generation: Int, of record: NumberRecord) throws {
        guard let pin = record.generation(generation) else {
            throw StorageError.mismatch(
                number: record.number, problem: "generation \(generation) is to be updated and is not in the record"
            )
        }
        let effect = Effect.on(generation)
        try cachedStatement(sql: Self.updatePIN).run(
            [
                pin.liveFrom?.description, pin.liveUntil?.description, record.belief.contains(effect),
                doubtText(of: effect, in: record.belief), record.number.description, generation,
            ]
        )
        guard changesCount == 1 else {
            throw StorageError.mismatch(number: record.number, problem: "there is no generation \(generation)")
        }
    }

    func checkLiveGenerations(of record: NumberRecord) throws {
        let cursor = try Row.fetchCursor(
            cachedStatement(sql: Self.liveGenerations), arguments: [record.number.description]
        )
        var stored: [Int] = []
        var doubtsAgree = true
        while let row = try cursor.next() {
            let generation: Int = row[0]
            let doubt: String? = row[1]
            stored.append(generation)
            doubtsAgree = doubtsAgree && doubt == doubtText(of: .on(generation), in: record.belief)
        }
        guard stored == record.belief.generations, doubtsAgree else {
            throw StorageError.mismatch(
                number: record.number,
                problem: "its belief is \(record.belief.elements.joined(separator: ", ")), but the generations that "
                    + "may be live would be \(stored) after the write, or their doubts would differ"
            )
        }
    }

    func doubtText(of effect: Effect, in belief: Belief) -> String? {
        belief.doubts.first { $0.effect == effect }?.since.description
    }
}
