import GRDB
public import Planning

/// The state of the desired state in the store.
public struct DesiredStateStatus: Hashable, Sendable {
    /// The revision in force; nil while none was ever accepted.
    public let revision: Int?
    /// SHA-256 of its file, 64 hexadecimal digits.
    public let sha256: String?
    /// The time at which it came into force.
    public let loadedAt: Instant?
    /// The path of its file.
    public let source: String?
    /// True when the last load of the file was valid; nil before the first load.
    public let isValid: Bool?
    /// The time of the last load of the file, valid or not.
    public let lastLoadAt: Instant?
    /// The problem of the last load; nil when it was valid.
    public let problem: String?
    /// A newer desired state that waits for an operator's acceptance.
    public let held: Held?

    /// A desired state that is held.
    public struct Held: Hashable, Sendable {
        /// SHA-256 of its file, 64 hexadecimal digits: the argument of `accept`.
        public let sha256: String
        /// The time since which it is held.
        public let since: Instant
        /// The reason in words.
        public let reason: String
    }
}

/// The reason why the daemon does not rotate a number's PIN.
public enum RotationHindrance: Hashable, Sendable {
    /// The number should be disabled, so it has no PIN.
    case disabled
    /// An operator owns the PIN: it rotates when its value changes.
    case operatorPIN(name: String)
}

extension StoreReader {
    /// Returns the desired state in force, and the result of the last load of its file.
    public func desiredStateStatus() throws(StorageError) -> DesiredStateStatus {
        try read { db in
            let force = try DesiredStateRow.inForce(db)
            let load = try LoadState(db)
            let held = try HeldRow(db).map {
                DesiredStateStatus.Held(sha256: $0.sha256, since: $0.since, reason: $0.reason)
            }
            return DesiredStateStatus(
                revision: force?.revision, sha256: force?.sha256, loadedAt: force?.loadedAt, source: force?.source,
                isValid: load.isValid, lastLoadAt: load.at, problem: load.problem, held: held
            )
        }
    }

    /// Returns the counts of each kind of drift since the store was created.
    public func driftCounts() throws(StorageError) -> [Drift.Kind: Int] {
        try read { db in
            let found = try db.rows(of: "drift_counts", "SELECT kind, found FROM drift_counts") { row in
                (try row.value("kind") { Drift.Kind(rawValue: $0) }, row.integer())
            }
            return Dictionary(uniqueKeysWithValues: found)
        }
    }

    /// Returns the numbers exposed by us: those in a cycle of ours (`NumberRecord/Cycle/isOurs`). A cycle whose reason
    /// cannot be read counts as ours.
    public func numbersInOpenCycles() throws(StorageError) -> [PhoneNumber] {
        try read { db in
            let sql = """
                SELECT number, cycle_since, cycle_reason FROM numbers INDEXED BY numbers_exposed
                WHERE cycle_since IS NOT NULL ORDER BY number
                """
            return try db.rows(of: "numbers", sql) { row -> PhoneNumber? in
                let (number, since) = (try row.number(), try row.instant("cycle_since"))
                guard let reason = DecisionReason(rawValue: row.text()) else { return number }
                return NumberRecord.Cycle(since: since, reason: reason).isOurs ? number : nil
            }.compactMap(\.self)
        }
    }
}

extension StoreReader {
    /// Returns the managed numbers named by `names`, each a number in E.164 or a label; unknown names are left out.
    public func numbers(named names: [String]) throws(StorageError) -> [String: PhoneNumber] {
        try read { db in
            let sql = "SELECT number FROM numbers WHERE managed = 1 AND (number = ? OR label = ?) LIMIT 1"
            var found: [String: PhoneNumber] = [:]
            for name in names.prefix(Self.pageLimit) {
                found[name] = try db.firstRow(of: "numbers", sql, [name, name]) { row in try row.number() }
            }
            return found
        }
    }

    /// Returns those of `numbers` that are paused one by one, in the given order.
    public func pausedNumbers(among numbers: [PhoneNumber]) throws(StorageError) -> [PhoneNumber] {
        try read { db in
            let statement = try db.cachedStatement(
                sql: "SELECT paused_at IS NOT NULL FROM numbers WHERE number = ? AND managed = 1")
            return try numbers.filter { try Bool.fetchOne(statement, arguments: [$0.description]) ?? false }
        }
    }

    /// Returns the count of numbers that an order for all of them concerns: those in the desired state in force.
    ///
    /// - Parameter withOwnPIN: count only those that are enabled under a PIN of ours, which we rotate.
    public func managedCount(withOwnPIN: Bool) throws(StorageError) -> Int {
        try read { db in
            let own = withOwnPIN ? " AND verification = 'enabled' AND operator_pin IS NULL" : ""
            return try Int.fetchOne(db, sql: "SELECT count(*) FROM numbers WHERE managed = 1\(own)") ?? 0
        }
    }

    /// Returns those of `numbers` whose PIN we do not rotate, with the reason.
    public func rotationHindrances(
        among numbers: [PhoneNumber]
    ) throws(StorageError) -> [(PhoneNumber, RotationHindrance)] {
        try read { db in
            let statement = try db.cachedStatement(
                sql: "SELECT verification = 'disabled', operator_pin FROM numbers WHERE number = ?")
            return try numbers.compactMap { number in
                guard let row = try Row.fetchOne(statement, arguments: [number.description]) else { return nil }
                if row[0] { return (number, .disabled) }
                let name: String? = row[1]
                return name.map { (number, .operatorPIN(name: $0)) }
            }
        }
    }

    /// Returns the names of the tokens, observers' tokens and operator-owned PINs that the managed numbers need.
    public func secretNames() throws(StorageError) -> (tokens: Set<String>, pins: Set<String>) {
        try read { db in
            let tokens = """
                SELECT token_name FROM numbers WHERE managed = 1
                UNION SELECT observer FROM numbers WHERE managed = 1 AND observer IS NOT NULL
                """
            let pins = "SELECT DISTINCT operator_pin FROM numbers WHERE managed = 1 AND operator_pin IS NOT NULL"
            return (try String.fetchSet(db, sql: tokens), try String.fetchSet(db, sql: pins))
        }
    }

    /// Returns the managed numbers with an operator-owned PIN and the name of that PIN, in number order.
    public func operatorPINNames() throws(StorageError) -> [(PhoneNumber, String)] {
        try read { db in
            let sql = """
                SELECT number, operator_pin FROM numbers WHERE managed = 1 AND operator_pin IS NOT NULL ORDER BY number
                """
            return try Row.fetchAll(db, sql: sql).map { row in
                let text: String = row[0]
                guard let number = PhoneNumber(text) else {
                    throw StorageError.unreadableRow(table: "numbers", key: text, column: "number")
                }
                return (number, row[1])
            }
        }
    }
}
