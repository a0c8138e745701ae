import GRDB
import Planning

/// One row of `numbers`, before its PINs and its history are added.
struct NumberRow {
    /// The record with no generations and no recent writes, and a belief that lacks our PINs.
    private let record: NumberRecord
    private let maybeOff: Bool
    private let maybeForeign: Bool
    private let offDoubtAt: Instant?
    /// What the desired state says of it, or said last.
    let desired: DesiredNumber

    static let columns = """
        number, managed, label, token_name, endpoint, verification, rotate_every, reapply_every, rotation_method, \
        rotation_window, rotate_before, operator_pin, token_mark, rotate_after_reveal, maybe_off, maybe_foreign, \
        off_doubt_at, last_accepted, refused_action, refused_count, attempts, retry_at, cycle_since, cycle_reason, applied_at, rotated_at, \
        last_failure, last_error, rotate_pin_before, \(PauseColumns.list), due_at
        """

    /// The row that `statement`, of these columns, has stepped to.
    init(at statement: Statement) throws(StorageError) {
        var reader = RowReader(at: statement, table: "numbers")
        let number = try reader.number()
        let isManaged = reader.flag()
        let desired = try DesiredNumber(number, &reader)
        maybeOff = reader.flag()
        maybeForeign = reader.flag()
        offDoubtAt = try reader.optionalInstant("off_doubt_at")
        var record = NumberRecord(number: number, desired: isManaged ? desired : nil)
        record.lastAccepted = try reader.optional("last_accepted") { Effect(storedText: $0) }
        let refusedAction = try reader.optional("refused_action") { VendorAction(rawValue: $0) }
        let refusedCount = reader.optionalInteger()
        if let refusedAction, let refusedCount {
            record.refusals = NumberRecord.Refusals(action: refusedAction, count: refusedCount)
        }
        record.attempts = reader.integer()
        record.retryAt = try reader.optionalInstant("retry_at")
        let cycleSince = try reader.optionalInstant("cycle_since")
        let cycleReason = try reader.optional("cycle_reason") { DecisionReason(rawValue: $0) }
        if let cycleSince, let cycleReason {
            record.cycle = NumberRecord.Cycle(since: cycleSince, reason: cycleReason)
        }
        record.appliedAt = try reader.optionalInstant("applied_at")
        record.rotatedAt = try reader.optionalInstant("rotated_at")
        record.lastFailure = try reader.optional("last_failure") { OutcomeReason(rawValue: $0) }
        record.lastError = reader.optionalText()
        record.rotateBefore = try reader.optionalInstant("rotate_pin_before")
        record.pause = try PauseColumns.read(&reader)
        record.dueAt = try reader.optionalInstant("due_at")
        self.record = record
        self.desired = desired
    }

    /// The whole row but its PINs: belief from the row and `pins`, recent writes from the history.
    func status(pins: [PINSummary], recentWrites: [Instant]) throws(StorageError) -> StatusRow {
        let live = pins.filter(\.maybeLive)
        let onDoubts = live.compactMap { pin in
            pin.doubtAt.map { Belief.Doubt(effect: .on(pin.generation), since: $0) }
        }
        let offDoubt = offDoubtAt.map { Belief.Doubt(effect: .off, since: $0) }
        guard maybeOff || maybeForeign || !live.isEmpty, maybeOff || offDoubt == nil else {
            throw .unreadableRow(table: "numbers", key: record.number.description, column: "belief")
        }
        var record = record
        record.belief = Belief(
            maybeOff: maybeOff, maybeForeign: maybeForeign, generations: live.map(\.generation),
            doubts: (offDoubt.map { [$0] } ?? []) + onDoubts
        )
        record.recentWrites = recentWrites
        return StatusRow(record: record, pins: pins)
    }
}

extension DesiredNumber {
    /// Reads the desired columns of `numbers`, from `label` to `rotate_after_reveal`.
    fileprivate init(_ number: PhoneNumber, _ reader: inout RowReader) throws(StorageError) {
        self.init(
            number: number, label: reader.optionalText(), tokenName: reader.text(),
            endpoint: Endpoint(text: reader.text()),
            verification: try reader.value("verification") { Verification(rawValue: $0) },
            rotateEvery: try reader.period("rotate_every"), reapplyEvery: try reader.period("reapply_every"),
            rotationMethod: try reader.value("rotation_method") { RotationMethod(rawValue: $0) },
            // What is wrong with a window's text matters to nobody here: the row is named as unreadable.
            rotationWindow: try reader.optional("rotation_window") { try? RotationWindow(parsing: $0) },
            rotateBefore: try reader.optionalInstant("rotate_before"), operatorPINName: reader.optionalText(),
            tokenMark: reader.optionalText(),
            rotateAfterReveal: try reader.optional("rotate_after_reveal") { Duration(periodText: $0) }
        )
    }
}
