import Files
import GRDB
public import Planning

/// How a store compares with the fence file beside it.
public enum FenceFinding: Hashable, Sendable {
    /// The store is the one that the fence was last raised for, or is new.
    case current
    /// The store is older than its fence: it was restored from a copy.
    case behind(starts: Int, fence: Int)
    /// The store has been worked on before, and there is no fence: it was brought here without it.
    case missing(starts: Int)
    /// The store is a copy that `backup` made.
    case copy

    /// The finding in words; nil when there is nothing to tell.
    public var problem: String? {
        switch self {
        case .current: nil
        case .behind(let starts, let fence):
            "the store has seen \(starts) starts and its fence \(fence): it was restored from an older copy"
        case .missing(let starts): "the store has seen \(starts) starts and its fence is missing: it was restored"
        case .copy: "the store is a copy made by backup: it was restored"
        }
    }
}

extension Store {
    /// Compares the store with its fence, counts this start in both, and takes the consequences of a restore.
    ///
    /// A restored store does not know what was sent since the copy was made: `NumberRecord/restored(at:)` is applied to
    /// every record, and an audit event reports it. All of that is durable before the fence is raised, and the fence is
    /// raised before anything is sent. A number whose record cannot be read has the widest belief, and an event of its own.
    public func passFence(at location: StoreLocation, now: Instant) throws(StorageError) -> FenceFinding {
        let fence = try Fence.read(at: location)
        let known = try Fence.head(at: location)
        let (finding, starts) = try write { db -> (FenceFinding, Int) in
            guard let row = try Row.fetchOne(db, sql: "SELECT start_count, is_copy FROM store_state") else {
                throw StorageError.unreadableRow(table: "store_state", key: "1", column: "start_count")
            }
            let starts: Int = row[0]
            let isCopy: Bool = row[1]
            let finding = Self.compare(starts: starts, isCopy: isCopy, fence: fence)
            if let problem = finding.problem {
                let unreadable = try transform("true", db) { $0.restored(at: now) }
                for number in unreadable { try writeWidestBelief(of: number.number, at: now, db) }
                try append(
                    EventEntry(at: now, kind: .storeRestored, detail: problem + ": every belief gains foreign"), db)
                try reportUnreadable(unreadable, at: now, db)
            }
            if finding == .current { try noteCutHistory(known, at: now, db) }
            let next = max(starts, fence ?? 0) + 1
            try db.execute(
                sql: "UPDATE store_state SET start_count = ?, is_copy = 0, restored_at = coalesce(?, restored_at)",
                arguments: [next, finding == .current ? nil : now.description])
            return (finding, next)
        }
        try Fence.raise(to: starts, head: try reader.read { try AuditChain.head($0) }, at: location)
        return finding
    }

    /// The head of the last start stands in the fence. When the chain does not hold it any more, the newest history was
    /// cut off, or all of it was made anew: that is written down before the fence forgets it.
    private func noteCutHistory(_ known: AuditChain.Head?, at now: Instant, _ db: Database) throws {
        guard let known, let state = try AuditState(db), known.sequence > state.cut.sequence else { return }
        let sql = "SELECT sequence, mac FROM audit_chain WHERE sequence = ?"
        let found = try Row.fetchOne(db, sql: sql, arguments: [known.sequence]).map { AuditChain.Head($0) }
        guard found != known else { return }
        try append(
            EventEntry(
                at: now, kind: .historyAltered,
                detail: "the history held link \(known.text) at the last start, and does not any more"), db)
    }

    private static func compare(starts: Int, isCopy: Bool, fence: Int?) -> FenceFinding {
        if isCopy { return .copy }
        guard let fence else { return starts == 0 ? .current : .missing(starts: starts) }
        return starts < fence ? .behind(starts: starts, fence: fence) : .current
    }
}

/// The fence file: the number of the newest start, in digits, and below it the audit chain's head at that start. It
/// stays behind when the store alone is put back.
enum Fence {
    private static let maxSize = 256

    /// The audit chain's head in the fence; nil when there is none.
    static func head(at location: StoreLocation) throws(StorageError) -> AuditChain.Head? {
        let lines = try lines(at: location)
        return lines.count > 1 ? AuditChain.Head(text: lines[1]) : nil
    }

    /// The number in the fence; nil when there is no fence.
    static func read(at location: StoreLocation) throws(StorageError) -> Int? {
        let text = try lines(at: location).first ?? ""
        guard let count = Int(text), count > 0 else {
            // Torn or edited: it cannot vouch for the store, which is what a missing one means.
            return nil
        }
        return count
    }

    /// The lines of the fence; none when there is no fence, or one that nobody here wrote.
    private static func lines(at location: StoreLocation) throws(StorageError) -> [String] {
        do throws(FileError) {
            let bytes = try CheckedFile.read(location.fence, ReadPolicy(limit: maxSize, followsLinks: false))
            return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        } catch .missing, .tooLarge {
            return []
        } catch {
            throw StorageError(error)
        }
    }

    /// Puts a new fence in place, durably.
    static func raise(to count: Int, head: AuditChain.Head, at location: StoreLocation) throws(StorageError) {
        let content = Array("\(count)\n\(head.text)\n".utf8)
        try StorageError.files { () throws(FileError) in
            try Draft.write(content, to: location.fence, WritePolicy(existing: .isReplaced, owner: .directory))
        }
    }
}
