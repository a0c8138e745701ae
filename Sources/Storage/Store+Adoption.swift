import GRDB
public import Planning

extension Store {
    /// Adopts a reading of the desired state in one transaction. Judges which numbers it weakens, then loads and writes
    /// only the rows that differ, as `NumberRecord/new(_:at:)` and `NumberRecord/adopting(_:at:)` define.
    ///
    /// A state that `desiredStateGuard` holds back, and that no operator accepted, is held instead; an event reports
    /// it, once for the same content. The operator's PINs of the reading still apply to the numbers in force; they also
    /// do when the reading has no valid state.
    ///
    /// When nothing differs and the file's SHA-256 is the one in force, there is no new revision and no event.
    ///
    /// - Parameters:
    ///   - reading: the state and the operator's PINs. Only marks of the PINs are stored.
    ///   - desiredStateGuard: the rules for holding a state until an operator accepts it.
    ///   - following: the numbers whose new entries are returned in the result, if they were written.
    ///   - now: the time of the adoption.
    public func adopt(
        _ reading: DesiredStateReading, guardedBy desiredStateGuard: DesiredStateGuard,
        following: Set<PhoneNumber> = [],
        at now: Instant
    ) throws(StorageError) -> AdoptionResult {
        let marker = sealer.operatorPINMarker
        var marks: [String: String] = [:]
        for (name, pin) in reading.operatorPINs { marks[name] = marker.mark(of: pin, named: name) }
        let state = reading.state.map { state in
            var state = state
            for (index, entry) in state.numbers.enumerated() {
                guard let name = entry.operatorPINName else { continue }
                state.numbers[index].operatorPINMark = marks[name]
            }
            return state
        }
        return try write { db in
            var adoption = AdoptionPass(store: self, db: db, following: following, now: now)
            guard let state else {
                try adoption.markOperatorPINs(marks)
                return adoption.result(.kept)
            }
            let change = try DesiredStateChange(from: db, to: state.numbers)
            if state.acceptedBy == nil,
                let reason = desiredStateGuard.reason(toHold: change.difference, isNewStore: change.isOfNewStore)
            {
                try hold(state, change.difference, because: reason, at: now, db)
                try adoption.markOperatorPINs(marks)
                return adoption.result(.held(HeldState(sha256: state.sha256, reason: reason)))
            }
            let adopted = try adoption.adopt(state, change)
            return adoption.result(.adopted(adopted))
        }
    }

    /// Records that the desired-state file could not be adopted; the state in force stays.
    ///
    /// - Parameters:
    ///   - sha256: of the file's bytes; nil when it could not be read.
    ///   - source: the file's path.
    ///   - problem: the error, free of secrets. Up to 4,000 characters are stored; the first line goes into the audit
    ///     trail, once for the same problem in a row.
    ///   - now: the time of the reading.
    public func recordLoadFailure(
        sha256: String?, source: String, problem: String, at now: Instant
    ) throws(StorageError) {
        let problem = problem.bounded(to: TextLimit.problem)
        try write { db in
            let last = try LoadState(db)
            try LoadState.write(sha256: sha256, source: source, problem: problem, at: now, db)
            guard last.isValid != false || last.problem != problem else { return }
            try append(
                EventEntry(
                    at: now, kind: .configurationRefused,
                    detail: "\(source): \(problem.boundedLine(to: TextLimit.line))"
                ), db)
        }
    }
}

/// The rows and entries that differ.
private struct DesiredStateChange {
    /// Entries of numbers new to the store.
    var new: [DesiredNumber] = []
    /// Entries of known numbers that changed or return.
    var updated: [DesiredNumber] = []
    var difference = DesiredStateDifference()
    /// True when the store has never had a number.
    var isOfNewStore = true

    private static let rows = """
        SELECT managed, number, verification = 'enabled', \(DesiredNumber.columns.joined(separator: ", "))
        FROM numbers ORDER BY number
        """

    /// Compares every row with its entry: one pass over the table and over the entries, side by side.
    init(from db: Database, to entries: [DesiredNumber]) throws {
        // Most files are in this order already, which the sort detects in one pass.
        let order = entries.indices.sorted { entries[$0].number < entries[$1].number }
        var findings = [DesiredStateDifference.Finding](repeating: .new, count: entries.count)
        var periods = PeriodTexts()
        var next = 0
        let statement = try db.cachedStatement(sql: Self.rows)
        let cursor = try Row.fetchCursor(statement)
        while try cursor.next() != nil {
            isOfNewStore = false
            var reader = RowReader(at: statement, table: "numbers")
            let isManaged = reader.flag()
            let number = try reader.number()
            while next < order.count, entries[order[next]].number < number { next += 1 }
            guard next < order.count, entries[order[next]].number == number else {
                // An unmanaged row without an entry stays unchanged.
                if isManaged { difference.recordRemoval(of: number) }
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
                findings[place] = .changed(wasEnabled: isEnabled)
            }
        }
        for (entry, finding) in zip(entries, findings) {
            difference.record(entry, finding)
            switch finding {
            case .new: new.append(entry)
            case .returning, .changed: updated.append(entry)
            case .same: break
            }
        }
    }
}

/// One adoption, with the numbers written so far.
private struct AdoptionPass {
    let store: Store
    let db: Database
    let following: Set<PhoneNumber>
    let now: Instant

    private var written: Set<PhoneNumber> = []
    private var entries: [PhoneNumber: DesiredNumber] = [:]
    private var unreadable: [UnreadableNumber] = []
    private var reidentified = 0
    private var retokened = 0

    init(store: Store, db: Database, following: Set<PhoneNumber>, now: Instant) {
        self.store = store
        self.db = db
        self.following = following
        self.now = now
    }

    func result(_ verdict: AdoptionResult.Verdict) -> AdoptionResult {
        AdoptionResult(verdict, written: written, entries: entries, unreadable: unreadable)
    }

    mutating func adopt(_ state: DesiredState, _ change: DesiredStateChange) throws -> Adoption {
        let current = try DesiredStateRow.inForce(db)
        try LoadState.write(sha256: state.sha256, source: state.source, problem: nil, at: now, db)
        let difference = change.difference
        if let current, difference.isEmpty, current.sha256 == state.sha256 {
            return Adoption(revision: current.revision, difference: difference, sha256: state.sha256)
        }
        let revision = try DesiredStateRow.append(state, difference, at: now, db)
        for entry in change.new {
            try store.insert(.new(entry, at: now), revision: revision, db)
            record(entry.number, entry)
        }
        for page in change.updated.pages(of: Store.rowsAtOnce) {
            try update(Dictionary(page.map { ($0.number, $0) }, uniquingKeysWith: { $1 }), revision: revision)
        }
        for page in difference.removed.pages(of: Store.rowsAtOnce) {
            try update(Dictionary(page.map { ($0, nil) }, uniquingKeysWith: { $1 }), revision: revision)
        }
        let adoption = Adoption(
            revision: revision, difference: difference, sha256: state.sha256, reidentified: reidentified,
            retokened: retokened)
        try store.append(
            EventEntry(
                at: now, kind: .configurationAccepted, actor: state.acceptedBy ?? "daemon",
                detail: "revision \(revision) from \(state.source): \(difference.added.count) added, "
                    + "\(difference.changed.count) changed, \(difference.removed.count) removed, "
                    + "\(difference.unchanged) unchanged\(adoption.identityNote.map { "; \($0)" } ?? "")"
            ), db)
        return adoption
    }

    /// Updates the mark of every number in force whose operator-owned PIN has another value.
    mutating func markOperatorPINs(_ marks: [String: String]) throws {
        guard let revision = try DesiredStateRow.inForce(db)?.revision else { return }
        let sql = """
            SELECT number, operator_pin, operator_pin_mark FROM numbers
            WHERE managed = 1 AND operator_pin IS NOT NULL ORDER BY number
            """
        let changed = try db.rows(of: "numbers", sql) { row -> PhoneNumber? in
            let (number, name) = (try row.number(), row.text())
            return row.says(marks[name]) ? nil : number
        }.compactMap(\.self)
        for page in changed.pages(of: Store.rowsAtOnce) {
            for (number, record) in try db.closedRecords(of: page) {
                try write(number, record, revision: revision) { stored in
                    guard var entry = stored.desired else { return nil }
                    entry.operatorPINMark = entry.operatorPINName.flatMap { marks[$0] }
                    return entry
                }
            }
        }
    }

    /// Updates known numbers to their entries; nil means that the number has no entry.
    private mutating func update(_ entries: [PhoneNumber: DesiredNumber?], revision: Int) throws {
        // A number to which not even its entry can be written stays unchanged, and is reported among the unreadable
        // ones.
        var refused: [UnreadableNumber] = []
        for (number, record) in try db.closedRecords(of: entries.keys) {
            let entry = entries[number] ?? nil
            guard try !write(number, record, revision: revision, under: { _ in entry }) else { continue }
            try store.attempt(number, &refused) {
                try store.writeEntryAlone(entry, of: number, revision: revision, at: now, db)
            }
        }
    }

    /// Writes the record of a number with the entry that `entry` returns for it.
    ///
    /// - Returns: true when the record was written; otherwise the number is added to the unreadable ones.
    @discardableResult
    private mutating func write(
        _ number: PhoneNumber, _ record: Result<NumberRecord, StorageError>, revision: Int,
        under entry: (NumberRecord) -> DesiredNumber?
    ) throws -> Bool {
        var desired: DesiredNumber?
        let isWritten = try store.attempt(number, &unreadable) {
            let stored = try record.get()
            desired = entry(stored)
            switch desired.map(stored.change) {
            case .otherNumber: reidentified += 1
            case .newToken: retokened += 1
            case .same, nil: break
            }
            try store.writeEntry(stored.adopting(desired, at: now), over: stored, revision: revision, db)
        }
        if isWritten { self.record(number, desired) }
        return isWritten
    }

    private mutating func record(_ number: PhoneNumber, _ entry: DesiredNumber?) {
        written.insert(number)
        if following.contains(number) { entries[number] = entry }
    }
}
