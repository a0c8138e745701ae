import GRDB
public import Planning

extension Store {
    /// Takes a desired state into force, in one transaction, and writes only the rows that differ.
    ///
    /// One that weakens the fleet by more than `weakeningGuard` permits, and that nobody has accepted, is held instead:
    /// nothing changes, and an event tells of it, once for the same content.
    ///
    /// New numbers begin with `Belief.unknown`. New, changed and returning numbers are due at once, their backoff and
    /// refusals forgotten; a returning one and one whose token has a new value count as never applied. Another endpoint
    /// adds `foreign` to the belief. Numbers that are gone become unmanaged: never due, their record and PINs kept. One
    /// that need not be enabled any more is not exposed any more: its cycle ends.
    ///
    /// When nothing differs and the file's SHA-256 is the one in force, there is no new revision and no event.
    public func adopt(
        _ desired: DesiredState, guardedBy weakeningGuard: WeakeningGuard, at now: Instant
    ) throws(StorageError) -> AdoptionResult {
        try write { db in
            let change = try DesiredStateChange(from: db, to: desired)
            let weakening = weakeningGuard.weakening(
                managed: change.managed, disabled: change.disabled, dropped: change.difference.removed.count)
            guard let weakening, desired.acceptedBy == nil else {
                return .adopted(try db.adopt(desired, change, at: now))
            }
            try db.hold(desired, change.difference, because: weakening, at: now)
            return .held(HeldState(sha256: desired.sha256, weakening: weakening, added: change.difference.added))
        }
    }

    /// Takes a desired state into force whatever it weakens.
    public func adopt(_ desired: DesiredState, at now: Instant) throws(StorageError) -> Adoption {
        try write { db in try db.adopt(desired, DesiredStateChange(from: db, to: desired), at: now) }
    }

    /// Records that the desired-state file could not be taken: the state in force stays.
    ///
    /// - Parameters:
    ///   - sha256: of the file's bytes; nil when it could not be read.
    ///   - source: the file's path.
    ///   - problem: what is wrong, free of secrets; kept up to 4,000 characters, and its first line in the audit trail,
    ///     once for the same problem in a row.
    ///   - now: when it was read.
    public func recordLoadFailure(
        sha256: String?, source: String, problem: String, at now: Instant
    ) throws(StorageError) {
        let problem = problem.bounded(to: TextLimit.problem)
        try write { db in
            let last = try LoadState(db)
            try LoadState.write(sha256: sha256, source: source, problem: problem, at: now, db)
            guard last.isValid != false || last.problem != problem else { return }
            try db.append(
                EventEntry(
                    at: now, kind: .configurationRefused,
                    detail: "\(source): \(problem.boundedLine(to: TextLimit.line))"
                )
            )
        }
    }
}

/// What has to be written to bring the rows to a desired state.
private struct DesiredStateChange {
    /// Never seen before.
    var new: [DesiredNumber] = []
    /// Known: changed, or returning from being unmanaged.
    var updated: [DesiredNumber] = []
    var difference = DesiredStateDifference()
    /// How many numbers are in force, and how many of them would be disabled.
    var managed = 0
    var disabled = 0
    /// How an entry stands to the rows.
    private enum Finding {
        case unknown
        case returning
        case changed(isDisabled: Bool)
        case same
    }

    private static let rows = """
        SELECT managed, number, verification = 'enabled', \(DesiredNumber.columns.joined(separator: ", "))
        FROM numbers ORDER BY number
        """

    /// Compares every row with its entry: one pass over the table and over the entries, side by side.
    init(from db: Database, to desired: DesiredState) throws {
        let entries = desired.numbers
        // Most files are in this order already, which a sort finds out in one pass.
        let order = entries.indices.sorted { entries[$0].number < entries[$1].number }
        var findings = [Finding](repeating: .unknown, count: entries.count)
        var periods = PeriodTexts()
        var next = 0
        let statement = try db.cachedStatement(sql: Self.rows)
        let cursor = try Row.fetchCursor(statement)
        while try cursor.next() != nil {
            var reader = RowReader(at: statement, table: "numbers")
            let isManaged = reader.flag()
            if isManaged { managed += 1 }
            let number: PhoneNumber
            do throws(StorageError) {
                number = try reader.number()
            } catch {
                // One that nobody names is of no concern.
                if isManaged { throw error }
                continue
            }
            while next < order.count, entries[order[next]].number < number { next += 1 }
            guard next < order.count, entries[order[next]].number == number else {
                // An unmanaged row without an entry stays as it is.
                if isManaged { difference.removed.append(number) }
                continue
            }
            let place = order[next]
            next += 1
            let isEnabled = reader.flag()
            if !isManaged {
                findings[place] = .returning
            } else if entries[place].isStored(in: &reader, &periods) {
                findings[place] = .same
            } else {
                findings[place] = .changed(isDisabled: isEnabled && entries[place].verification == .disabled)
            }
        }
        for (entry, finding) in zip(entries, findings) { note(entry, finding) }
    }

    private mutating func note(_ entry: DesiredNumber, _ finding: Finding) {
        switch finding {
        case .unknown:
            new.append(entry)
            difference.added.append(entry.number)
        case .returning:
            updated.append(entry)
            difference.added.append(entry.number)
        case .changed(let isDisabled):
            updated.append(entry)
            difference.changed.append(entry.number)
            if isDisabled { disabled += 1 }
        case .same: difference.unchanged += 1
        }
    }
}

extension Database {
    private static let insertNumber = """
        INSERT INTO numbers (number, desired_revision, due_at,
            \(DesiredNumber.columns.joined(separator: ", ")), managed)
        VALUES (?, ?, ?, \(DesiredNumber.columns.map { _ in "?" }.joined(separator: ", ")), 1)
        """
    /// The right-hand sides see the row as it was before.
    private static let updateNumber = """
        UPDATE numbers SET desired_revision = ?, due_at = ?,
            \(DesiredNumber.columns.map { "\($0) = ?" }.joined(separator: ", ")),
            managed = 1, retry_at = NULL, attempts = 0, refused_action = NULL, refused_count = NULL,
            last_failure = NULL,
            applied_at = CASE WHEN managed = 1 AND (token_mark IS NULL OR token_mark = coalesce(?, token_mark))
                THEN applied_at END,
            cycle_since = CASE ? WHEN 'enabled' THEN cycle_since END,
            cycle_reason = CASE ? WHEN 'enabled' THEN cycle_reason END,
            maybe_foreign = CASE WHEN endpoint = ? THEN maybe_foreign ELSE 1 END
        WHERE number = ?
        """

    fileprivate func adopt(_ desired: DesiredState, _ change: DesiredStateChange, at now: Instant) throws -> Adoption {
        let current = try DesiredStateRow.inForce(self)
        try LoadState.write(sha256: desired.sha256, source: desired.source, problem: nil, at: now, self)
        let counts = change.difference
        if let current, counts.isEmpty, current.sha256 == desired.sha256 {
            return Adoption(revision: current.revision, difference: counts, sha256: desired.sha256)
        }
        let revision = try DesiredStateRow.append(desired, counts, at: now, self)
        try apply(change, revision: revision, at: now)
        try append(
            EventEntry(
                at: now, kind: .configurationAccepted, actor: desired.acceptedBy ?? "daemon",
                detail: "revision \(revision) from \(desired.source): \(counts.added.count) added, "
                    + "\(counts.changed.count) changed, \(counts.removed.count) removed, "
                    + "\(counts.unchanged) unchanged"
            )
        )
        return Adoption(revision: revision, difference: counts, sha256: desired.sha256)
    }

    fileprivate func apply(_ change: DesiredStateChange, revision: Int, at now: Instant) throws {
        let insert = try cachedStatement(sql: Self.insertNumber)
        for entry in change.new {
            try insert.execute(
                arguments: [entry.number.description, revision, now.description]
                    + StatementArguments(entry.columnValues)
            )
        }
        let update = try cachedStatement(sql: Self.updateNumber)
        for entry in change.updated {
            try update.execute(
                arguments: [revision, now.description] + StatementArguments(entry.columnValues)
                    + [entry.tokenMark, entry.verification.rawValue, entry.verification.rawValue]
                    + [entry.endpoint.text, entry.number.description]
            )
        }
        let remove = try cachedStatement(
            sql: """
                UPDATE numbers SET managed = 0, due_at = NULL, cycle_since = NULL, cycle_reason = NULL,
                    desired_revision = ?
                WHERE number = ?
                """
        )
        for number in change.difference.removed {
            try remove.execute(arguments: [revision, number.description])
        }
    }
}
