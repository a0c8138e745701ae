import GRDB
import Planning

/// The desired state in force, as stored in `desired_states`.
struct DesiredStateRow {
    let revision: Int
    let sha256: String
    let loadedAt: Instant
    let source: String

    /// Returns the highest accepted revision; nil when none exists.
    static func inForce(_ db: Database) throws -> DesiredStateRow? {
        let sql = """
            SELECT revision, sha256, loaded_at, source FROM desired_states WHERE state = 'accepted'
            ORDER BY revision DESC LIMIT 1
            """
        return try db.firstRow(of: "desired_states", sql) { row in
            let revision = row.integer()
            row.identify(as: "\(revision)")
            return DesiredStateRow(
                revision: revision, sha256: row.text(), loadedAt: try row.instant("loaded_at"), source: row.text())
        }
    }

    /// Appends the next revision, either accepted or held for a reason, and returns it.
    static func append(
        _ desired: DesiredState, _ difference: DesiredStateDifference, heldBecause reason: String? = nil,
        at now: Instant, _ db: Database
    ) throws -> Int {
        let highest = try Int.fetchOne(db, sql: "SELECT max(revision) FROM desired_states")
        let revision = (highest ?? 0) + 1
        try db.execute(
            sql: """
                INSERT INTO desired_states (revision, sha256, loaded_at, source, state, reason, numbers, added,
                    changed, removed)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                revision, desired.sha256, now.description, desired.source, reason == nil ? "accepted" : "held", reason,
                desired.numbers.count,
                difference.added.count, difference.changed.count, difference.removed.count,
            ]
        )
        return revision
    }
}

/// The held revision: the content of the file as last read, which is not in force.
struct HeldRow {
    let revision: Int
    let sha256: String
    let since: Instant
    let reason: String

    init?(_ db: Database) throws {
        let sql = """
            SELECT revision, sha256, loaded_at, coalesce(reason, '') FROM desired_states
            WHERE state = 'held' AND sha256 = (SELECT load_sha256 FROM store_state)
                AND revision > coalesce((SELECT max(revision) FROM desired_states WHERE state = 'accepted'), 0)
            ORDER BY revision DESC LIMIT 1
            """
        let held = try db.firstRow(of: "desired_states", sql) { row in try HeldRow(&row) }
        guard let held else { return nil }
        self = held
    }

    private init(_ reader: inout RowReader) throws(StorageError) {
        revision = reader.integer()
        reader.identify(as: "\(revision)")
        sha256 = reader.text()
        since = try reader.instant("loaded_at")
        reason = reader.text()
    }
}

extension Store {
    /// Records that a desired state is held; only once while the same content is held for the same reason.
    func hold(
        _ desired: DesiredState, _ difference: DesiredStateDifference, because reason: HeldReason, at now: Instant,
        _ db: Database
    ) throws {
        try LoadState.write(sha256: desired.sha256, source: desired.source, problem: nil, at: now, db)
        let reason = reason.description
        guard try HeldRow(db)?.reason != reason else { return }
        _ = try DesiredStateRow.append(desired, difference, heldBecause: reason, at: now, db)
        try append(
            EventEntry(
                at: now, kind: .configurationHeld,
                detail: "sha256 \(desired.sha256.prefix(12)) from \(desired.source): \(reason)"), db)
    }
}

/// The result of the last load of the desired-state file.
struct LoadState {
    let isValid: Bool?
    let at: Instant?
    let sha256: String?
    let problem: String?

    init(_ db: Database) throws {
        let sql = "SELECT load_valid, load_at, load_sha256, load_problem FROM store_state"
        let load = try db.firstRow(of: "store_state", key: "1", sql) { row in try LoadState(&row) }
        guard let load else {
            throw StorageError.unreadableRow(table: "store_state", key: "1", column: "only")
        }
        self = load
    }

    private init(_ reader: inout RowReader) throws(StorageError) {
        isValid = reader.optionalInteger().map { $0 != 0 }
        at = try reader.optionalInstant("load_at")
        sha256 = reader.optionalText()
        problem = reader.optionalText()
    }

    /// Records a load; `problem` is nil for a valid state.
    static func write(
        sha256: String?, source: String, problem: String?, at now: Instant, _ db: Database
    ) throws {
        try db.execute(
            sql: """
                UPDATE store_state SET load_valid = ?, load_at = ?, load_sha256 = ?, load_source = ?, load_problem = ?
                """,
            arguments: [problem == nil, now.description, sha256, source, problem]
        )
    }
}

extension DesiredNumber {
    /// The desired columns of `numbers`, in the order of ``columnValues``.
    static let columns = [
        "label", "token_name", "vendor", "endpoint", "phone_number_id", "on_new_token", "verification", "rotate_every",
        "reapply_every", "rotation_method",
        "rotation_window", "rotate_before", "operator_pin", "token_mark", "operator_pin_mark", "rotate_after_reveal",
        "observer", "observer_endpoint", "observe_every", "account",
    ]

    /// The values of the desired columns for this entry; nil for NULL.
    var columnValues: [String?] {
        var periods = PeriodTexts()
        return [
            label, tokenName, vendor.rawValue, endpoint.text, phoneNumberID?.description, onNewToken.rawValue,
            verification.rawValue, periods.text(rotateEvery),
            periods.text(reapplyEvery), rotationMethod.rawValue, rotationWindow?.text, rotateBefore?.description,
            operatorPINName, tokenMark, operatorPINMark, rotateAfterReveal.map { periods.text($0) },
            observer?.tokenName, observer?.endpoint.text, periods.text(observeEvery), Account(of: self).text,
        ]
    }

    /// Returns true when the reader's next columns, the desired ones, equal this entry. Stops reading at the first that
    /// differs.
    func isStored(in reader: inout RowReader, _ periods: inout PeriodTexts) -> Bool {
        // Compares the texts in SQLite's memory: a reload compares a whole fleet, of which hardly anything has changed.
        reader.says(label) && reader.says(tokenName) && reader.says(vendor.rawValue)
            && reader.says(endpoint.text) && reader.says(phoneNumberID?.description) && reader.says(onNewToken.rawValue)
            && reader.says(verification.rawValue) && reader.says(periods.text(rotateEvery))
            && reader.says(periods.text(reapplyEvery)) && reader.says(rotationMethod.rawValue)
            && reader.says(rotationWindow?.text) && reader.says(rotateBefore?.description)
            && reader.says(operatorPINName) && reader.says(tokenMark) && reader.says(operatorPINMark)
            && reader.says(rotateAfterReveal.map { periods.text($0) }) && reader.says(observer?.tokenName)
            && reader.says(observer?.endpoint.text) && reader.says(periods.text(observeEvery))
    }
}

/// A cache for the texts of periods. A fleet has few different ones.
struct PeriodTexts {
    private var known: [Duration: String] = [:]
    /// The maximum of cached texts.
    private static let maxCount = 64

    mutating func text(_ period: Duration?) -> String {
        guard let period else { return "never" }
        if let text = known[period] { return text }
        let text = period.periodText
        precondition(Duration(periodText: text) != nil, "a period of a valid desired state is at most 10,000 days")
        if known.count < Self.maxCount { known[period] = text }
        return text
    }
}
