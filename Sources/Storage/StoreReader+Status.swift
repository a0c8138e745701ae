import GRDB
public import Planning

/// What the store says of the desired state.
public struct DesiredStateStatus: Hashable, Sendable {
    /// The revision in force; nil while none was ever accepted.
    public let revision: Int?
    /// SHA-256 of its file, 64 hexadecimal digits.
    public let sha256: String?
    /// When it was taken into force.
    public let loadedAt: Instant?
    /// The file it came from.
    public let source: String?
    /// Whether the last load of the file gave a valid state; nil before the first load.
    public let isValid: Bool?
    /// When the file was last loaded, well or not.
    public let lastLoadAt: Instant?
    /// What was wrong with it then; nil when nothing was.
    public let problem: String?
    /// A newer one that waits for an operator's acceptance.
    public let held: Held?

    /// A desired state that is held.
    public struct Held: Hashable, Sendable {
        /// SHA-256 of its file, 64 hexadecimal digits: what `accept` names.
        public let sha256: String
        /// Since when it is held.
        public let since: Instant
        /// Why, in words.
        public let reason: String
    }
}

/// Why a number's PIN is not rotated by us.
public enum RotationHindrance: Hashable, Sendable {
    /// It is to be disabled: there is no PIN.
    case disabled
    /// The PIN is the operator's: it rotates when its value changes.
    case operatorPIN(name: String)
}

extension StoreReader {
    /// How the desired state in force came about, and how the last load of its file ended.
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

    /// How often each kind of drift was found since the store was made.
    public func driftCounts() throws(StorageError) -> [Drift.Kind: Int] {
        try read { db in
            let found = try db.rows(of: "drift_counts", "SELECT kind, found FROM drift_counts") { row in
                (try row.value("kind") { Drift.Kind(rawValue: $0) }, row.integer())
            }
            return Dictionary(uniqueKeysWithValues: found)
        }
    }

    /// The numbers that we expose: those in a cycle of ours (`NumberRecord/Cycle/isOurs`). One whose reason cannot be read
    /// is taken for one of them.
    public func exposedNumbers() throws(StorageError) -> [PhoneNumber] {
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
    /// The managed numbers that are meant by `names`, each a number in E.164 or a label; unknown names are left out.
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

    /// Those of `numbers` that are paused one by one, in their order.
    public func pausedNumbers(among numbers: [PhoneNumber]) throws(StorageError) -> [PhoneNumber] {
        try read { db in
            let statement = try db.cachedStatement(
                sql: "SELECT paused_at IS NOT NULL FROM numbers WHERE number = ? AND managed = 1")
            return try numbers.filter { try Bool.fetchOne(statement, arguments: [$0.description]) ?? false }
        }
    }

    /// How many numbers an order for all of them concerns: those in the desired state in force.
    ///
    /// - Parameter withOwnPIN: only those that are enabled under a PIN of ours, which we rotate.
    public func managedCount(withOwnPIN: Bool) throws(StorageError) -> Int {
        try read { db in
            let own = withOwnPIN ? " AND verification = 'enabled' AND operator_pin IS NULL" : ""
            return try Int.fetchOne(db, sql: "SELECT count(*) FROM numbers WHERE managed = 1\(own)") ?? 0
        }
    }

    /// Those of `numbers` whose PIN we do not rotate, and why.
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

    /// The names of the tokens, observers' tokens and operator-owned PINs that the managed numbers need.
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

    /// The managed numbers whose PIN an operator owns, with the name of that PIN, by number.
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
