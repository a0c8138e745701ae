import GRDB
import Planning

/// One row of `numbers`, before its PINs and its recent writes are added.
struct NumberRow {
    /// The record without generations and recent writes; its belief is a placeholder.
    private let base: NumberRecord
    private let maybeOff: Bool
    private let maybeForeign: Bool
    private let offDoubtAt: Instant?

    static let columns = (["number", "version", "managed"] + DesiredNumber.columns + NumberColumn.all.map(\.name))
        .joined(separator: ", ")

    /// Reads the current row of `statement`, a query of these columns.
    init(at statement: Statement) throws(StorageError) {
        var reader = RowReader(at: statement, table: "numbers")
        let number = try reader.number()
        let version = reader.integer()
        let isManaged = reader.flag()
        let desired = try DesiredNumber(number, &reader)
        maybeOff = reader.flag()
        maybeForeign = reader.flag()
        offDoubtAt = try reader.optionalInstant("off_doubt_at")
        // The columns of an unmanaged number keep the values of its last entry.
        var record = NumberRecord(
            number: number, version: version, desired: isManaged ? desired : nil,
            identity: NumberRecord.Identity(of: desired))
        record.lastAccepted = try reader.optional("last_accepted") { Effect(storedText: $0) }
        let refusedAction = try reader.optional("refused_action") { VendorAction(rawValue: $0) }
        let refusedCount = reader.optionalInteger()
        if let refusedAction, let refusedCount {
            record.refusals = NumberRecord.Refusals(action: refusedAction, count: refusedCount)
        }
        let refusedWhenOn = reader.optionalInteger()
        let (refusesBoth, isOppositeSpent) = (reader.optionalInteger(), reader.optionalInteger())
        if let at = try reader.optionalInstant("impasse_at") {
            record.impasse = NumberRecord.Impasse(
                disablesRefusedWhenOn: refusedWhenOn ?? 0, refusesBoth: refusesBoth == 1,
                isOppositeSpent: isOppositeSpent == 1, at: at)
        }
        record.attempts = reader.integer()
        record.retryAt = try reader.optionalInstant("retry_at")
        let cycleSince = try reader.optionalInstant("cycle_since")
        let cycleReason = try reader.optional("cycle_reason") { DecisionReason(rawValue: $0) }
        if let cycleSince, let cycleReason {
            record.cycle = NumberRecord.Cycle(since: cycleSince, reason: cycleReason)
        }
        record.appliedAt = try reader.optionalInstant("applied_at")
        let reappliesRefused = reader.optionalInteger()
        if let at = try reader.optionalInstant("reapply_refused_at") {
            record.reapplyRefusals = NumberRecord.ReapplyRefusals(count: reappliesRefused ?? 1, at: at)
        }
        record.rotatedAt = try reader.optionalInstant("rotated_at")
        record.lastFailure = try reader.optional("last_failure") { OutcomeReason(rawValue: $0) }
        record.lastError = reader.optionalText()
        record.answeredAt = try reader.optionalInstant("answered_at")
        record.observations = try NumberRecord.Observations(&reader)
        let rotateThrough = reader.optionalInteger()
        let rotateAt = try reader.optionalInstant("rotate_at")
        if let rotateThrough, let rotateAt {
            record.orderedRotation = NumberRecord.OrderedRotation(through: rotateThrough, at: rotateAt)
        }
        record.pause = try PauseColumns.read(&reader)
        record.dueAt = try reader.optionalInstant("due_at")
        base = record
    }

    /// Returns the number's record, with the belief from the row and `pins`.
    func record(pins: [PINRow], recentWrites: [Instant] = []) throws(StorageError) -> NumberRecord {
        let live = pins.filter(\.maybeLive)
        let onDoubts = live.compactMap { pin in
            pin.doubtAt.map { Belief.Doubt(effect: .on(pin.generation.generation), since: $0) }
        }
        let offDoubt = offDoubtAt.map { Belief.Doubt(effect: .off, since: $0) }
        guard maybeOff || maybeForeign || !live.isEmpty, maybeOff || offDoubt == nil else {
            throw .unreadableRow(table: "numbers", key: base.number.description, column: "belief")
        }
        var record = base
        record.belief = Belief(
            maybeOff: maybeOff, maybeForeign: maybeForeign, generations: live.map(\.generation.generation),
            doubts: (offDoubt.map { [$0] } ?? []) + onDoubts
        )
        record.generations = pins.map(\.generation)
        record.recentWrites = recentWrites
        return record
    }
}

extension DesiredNumber {
    /// Reads the desired columns of `numbers`, in the order of ``columns``.
    fileprivate init(_ number: PhoneNumber, _ reader: inout RowReader) throws(StorageError) {
        self.init(
            number: number, label: reader.optionalText(), tokenName: reader.text(),
            vendor: try reader.value("vendor") { Vendor(rawValue: $0) }, endpoint: Endpoint(text: reader.text()),
            phoneNumberID: try reader.optional("phone_number_id") { PhoneNumberID($0) },
            onNewToken: try reader.value("on_new_token") { NewTokenRule(rawValue: $0) },
            verification: try reader.value("verification") { Verification(rawValue: $0) },
            rotateEvery: try reader.period("rotate_every"), reapplyEvery: try reader.period("reapply_every"),
            rotationMethod: try reader.value("rotation_method") { RotationMethod(rawValue: $0) },
            // The reason why a window's text is invalid does not matter here: the error names the row and the column.
            rotationWindow: try reader.optional("rotation_window") { try? RotationWindow(parsing: $0) },
            rotateBefore: try reader.optionalInstant("rotate_before"), operatorPINName: reader.optionalText(),
            tokenMark: reader.optionalText(), operatorPINMark: reader.optionalText(),
            rotateAfterReveal: try reader.optional("rotate_after_reveal") { Duration(periodText: $0) }
        )
        let observerName = reader.optionalText()
        let observerEndpoint = reader.optionalText()
        if let observerName, let observerEndpoint {
            observer = Observer(tokenName: observerName, endpoint: Endpoint(text: observerEndpoint))
        }
        observeEvery = try reader.period("observe_every")
        // The account follows from the entry; it is stored for the index.
        _ = reader.text()
    }
}

extension NumberRecord.Observations {
    /// Reads the observation columns of `numbers`, in their order.
    fileprivate init(_ reader: inout RowReader) throws(StorageError) {
        self.init()
        let kind = try reader.optional("observed") { Observation.Kind(rawValue: $0) }
        let (at, source) = (try reader.optionalInstant("observed_at"), reader.optionalText())
        if let kind, let at { newest = Observation(kind, at: at, source: source ?? "unknown") }
        askedAt = try reader.optionalInstant("observer_asked_at")
        failure = reader.optionalText()
        let drifted = try reader.optional("drift") { Drift.Kind(rawValue: $0) }
        let driftedAt = try reader.optionalInstant("drift_at")
        if let drifted, let driftedAt { drift = Drift(drifted, at: driftedAt) }
    }
}
