import Crypto
import Files
import GRDB
public import Planning
import Synchronization

/// The result of the comparison of a store with the fence file beside it.
public enum FenceFinding: Hashable, Sendable {
    /// The fence was last raised for this store, or the store is new.
    case current
    /// The store is older than its fence: it was restored from a copy.
    case behind(starts: Int, fence: Int)
    /// The store lacks the link of its history that is in its fence: it was restored from a copy of the same start, or
    /// its newest history was removed.
    case withoutLink(String)
    /// The store has been in use before, but its fence is missing: it was moved here without it.
    case missing(starts: Int)
    /// The store is a copy that `backup` made.
    case copy

    /// The finding in words; nil when there is no problem.
    public var problem: String? {
        switch self {
        case .current: nil
        case .behind(let starts, let fence):
            "the store has seen \(starts) starts and its fence \(fence): it was restored from an older copy"
        case .withoutLink(let link):
            "the store does not hold link \(link) of its history, which it held when it was written last: it was restored "
                + "from an older copy, or its newest history was removed"
        case .missing(let starts): "the store has seen \(starts) starts and its fence is missing: it was restored"
        case .copy: "the store is a copy made by backup: it was restored"
        }
    }
}

extension Store {
    /// Compares the store with its fence, counts this start in both, and handles a restored store.
    ///
    /// A restored store lacks the requests sent since the copy was made: `NumberRecord/restored(at:)` is applied to
    /// every record, and an audit event reports it. All of that is durable before the fence is raised, and the fence is
    /// raised before anything is sent. A number whose record cannot be read gets the widest belief, and an event of its
    /// own.
    public func passFence(at location: StoreLocation, now: Instant) throws(StorageError) -> FenceFinding {
        let fence = try Fence(at: location)
        let (finding, starts) = try write { db -> (FenceFinding, Int) in
            guard let row = try Row.fetchOne(db, sql: "SELECT start_count, is_copy FROM store_state") else {
                throw StorageError.unreadableRow(table: "store_state", key: "1", column: "start_count")
            }
            let starts: Int = row[0]
            let isCopy: Bool = row[1]
            let finding = try Self.compare(starts: starts, isCopy: isCopy, fence: fence, db)
            if let problem = finding.problem {
                let unreadable = try transform("true", db) { $0.restored(at: now) }
                for number in unreadable { try writeWidestBelief(of: number.number, at: now, db) }
                try append(
                    EventEntry(at: now, kind: .storeRestored, detail: problem + ": every belief gains foreign and off"),
                    db)
                try reportUnreadable(unreadable, at: now, db)
            }
            if case .withoutLink(let link) = finding {
                try append(
                    EventEntry(
                        at: now, kind: .historyAltered,
                        detail: "the history held link \(link) when it was written last, and no longer does"), db)
            }
            let next = max(starts, fence?.starts ?? 0) + 1
            try db.execute(
                sql: "UPDATE store_state SET start_count = ?, is_copy = 0, restored_at = coalesce(?, restored_at)",
                arguments: [next, finding == .current ? nil : now.description])
            return (finding, next)
        }
        let raised = Fence(starts: starts, head: try reader.read { try AuditChain.head($0) })
        let open = try raised.raise(at: location)
        self.fence.withLock { $0 = open }
        return finding
    }

    private static func compare(
        starts: Int, isCopy: Bool, fence: Fence?, _ db: Database
    ) throws -> FenceFinding {
        if isCopy { return .copy }
        guard let fence else { return starts == 0 ? .current : .missing(starts: starts) }
        if starts < fence.starts { return .behind(starts: starts, fence: fence.starts) }
        // Links that were pruned since the fence was written can no longer be compared.
        guard let known = fence.head, let state = try AuditState(db), known.sequence > state.cut.sequence else {
            return .current
        }
        let sql = "SELECT sequence, mac FROM audit_chain WHERE sequence = ?"
        let found = try Row.fetchOne(db, sql: sql, arguments: [known.sequence]).map { AuditChain.Head($0) }
        return found == known ? .current : .withoutLink(known.text)
    }
}

/// The fence file: the count of starts in digits, and on the second line the newest link of the history. It keeps its
/// content when only the store is replaced by an older copy.
///
/// A start writes the file durably, before anything is sent. After that, every durable commit overwrites the second
/// line with its newest link, without an fsync: so the fence may lag behind the store after a power failure, and is
/// never ahead of it. A line torn by a power failure is ignored, because its checksum does not match.
struct Fence {
    let starts: Int
    let head: AuditChain.Head?

    private static let maxSize = 256
    /// The maximum of attempts to read the file while a daemon writes to it.
    private static let maxReadings = 20

    init(starts: Int, head: AuditChain.Head) {
        self.starts = starts
        self.head = head
    }

    /// Reads the fence; nil when none exists or its content is invalid, which have the same meaning.
    init?(at location: StoreLocation) throws(StorageError) {
        let lines = try Self.lines(at: location)
        guard let starts = lines.first.flatMap({ Int($0) }), starts > 0 else { return nil }
        self.starts = starts
        head = lines.count > 1 ? Self.head(in: lines[1], starts) : nil
    }

    /// Returns the link of a second line; nil when its checksum does not match.
    private static func head(in line: String, _ starts: Int) -> AuditChain.Head? {
        let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard words.count == 2, words[1] == checksum(words[0], starts) else { return nil }
        return AuditChain.Head(text: words[0])
    }

    private static func checksum(_ head: String, _ starts: Int) -> String {
        SHA256.hash(data: Array("\(starts) \(head)".utf8)).prefix(8).hexadecimal
    }

    private static func firstLine(_ starts: Int) -> [UInt8] { Array("\(starts)\n".utf8) }

    fileprivate static func secondLine(_ head: AuditChain.Head, _ starts: Int) -> [UInt8] {
        Array("\(head.text) \(checksum(head.text, starts))\n".utf8)
    }

    /// Returns the lines of the fence; empty when there is no fence, or the file is too large to be one.
    private static func lines(at location: StoreLocation) throws(StorageError) -> [String] {
        for reading in 1...maxReadings {
            do throws(FileError) {
                let bytes = try CheckedFile.read(location.fence, ReadPolicy(limit: maxSize, followsLinks: false))
                return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
            } catch .missing, .tooLarge {
                return []
            } catch .changedWhileRead where reading < maxReadings {
                continue
            } catch {
                throw StorageError(error)
            }
        }
        return []
    }

    /// Writes this fence durably.
    func raise(at location: StoreLocation) throws(StorageError) -> OpenFence {
        let content = Self.firstLine(starts) + (head.map { Self.secondLine($0, starts) } ?? [])
        return try StorageError.files { () throws(FileError) in
            try AtomicFile.write(content, to: location.fence, WritePolicy(existing: .isReplaced, owner: .directory))
            return OpenFence(
                file: try OpenFile(location.fence, for: .updating), starts: starts,
                offset: Self.firstLine(starts).count)
        }
    }
}

/// The fence of the open store, held open.
struct OpenFence {
    fileprivate let file: OpenFile
    fileprivate let starts: Int
    fileprivate let offset: Int

    /// Writes the newest durable link of the history.
    func follow(_ head: AuditChain.Head) {
        do throws(FileError) {
            try file.overwrite(Fence.secondLine(head, starts), at: offset)
        } catch {
            // The fence now lags, as after a power failure. A restored older copy is still detected by the link of an
            // earlier commit, or of the start.
        }
    }
}
