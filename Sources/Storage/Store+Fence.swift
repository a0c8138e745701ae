import Crypto
import Files
import GRDB
public import Planning
import Synchronization

/// How a store compares with the fence file beside it.
public enum FenceFinding: Hashable, Sendable {
    /// The store is the one that the fence was last raised for, or is new.
    case current
    /// The store is older than its fence: it was restored from a copy.
    case behind(starts: Int, fence: Int)
    /// The store does not hold the link of its history that its fence knows: it was restored from a copy of the same start,
    /// or its newest history was removed.
    case withoutLink(String)
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
        case .withoutLink(let link):
            "the store does not hold link \(link) of its history, which it held when it was written last: it was restored "
                + "from an older copy, or its newest history was removed"
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
                    EventEntry(at: now, kind: .storeRestored, detail: problem + ": every belief gains foreign"), db)
                try reportUnreadable(unreadable, at: now, db)
            }
            if case .withoutLink(let link) = finding {
                try append(
                    EventEntry(
                        at: now, kind: .historyAltered,
                        detail: "the history held link \(link) when it was written last, and does not any more"), db)
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
        // What was pruned since the fence was written cannot be compared any more.
        guard let known = fence.head, let state = try AuditState(db), known.sequence > state.cut.sequence else {
            return .current
        }
        let sql = "SELECT sequence, mac FROM audit_chain WHERE sequence = ?"
        let found = try Row.fetchOne(db, sql: sql, arguments: [known.sequence]).map { AuditChain.Head($0) }
        return found == known ? .current : .withoutLink(known.text)
    }
}

/// The fence file: the number of the newest start, in digits, and below it the newest link of the history. It stays behind
/// when the store alone is put back.
///
/// A start writes it durably, before anything is sent. Every commit afterwards writes its newest link over the second line,
/// once it is durable itself, and waits for no disk: so the fence may lag behind the store after a power failure, and is
/// never ahead of it. A line that a power failure has torn says nothing, as its checksum shows.
struct Fence {
    let starts: Int
    let head: AuditChain.Head?

    private static let maxSize = 256
    /// How often it is read again while a daemon writes to it.
    private static let maxReadings = 20

    init(starts: Int, head: AuditChain.Head) {
        self.starts = starts
        self.head = head
    }

    /// The fence that is there; nil when there is none, or one that cannot vouch for a store, which means the same.
    init?(at location: StoreLocation) throws(StorageError) {
        let lines = try Self.lines(at: location)
        guard let starts = lines.first.flatMap({ Int($0) }), starts > 0 else { return nil }
        self.starts = starts
        head = lines.count > 1 ? Self.head(in: lines[1], starts) : nil
    }

    /// The link of a second line.
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

    /// The lines of the fence; none when there is no fence, or one that nobody here wrote.
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

    /// Puts this fence in place, durably.
    func raise(at location: StoreLocation) throws(StorageError) -> OpenFence {
        let content = Self.firstLine(starts) + (head.map { Self.secondLine($0, starts) } ?? [])
        return try StorageError.files { () throws(FileError) in
            try Draft.write(content, to: location.fence, WritePolicy(existing: .isReplaced, owner: .directory))
            return OpenFence(
                file: try OpenFile(location.fence, for: .updating), starts: starts,
                offset: Self.firstLine(starts).count)
        }
    }
}

/// The fence of the store that is being written, held open.
struct OpenFence {
    fileprivate let file: OpenFile
    fileprivate let starts: Int
    fileprivate let offset: Int

    /// Writes the newest link of the history, which is durable.
    func follow(_ head: AuditChain.Head) {
        do throws(FileError) {
            try file.overwrite(Fence.secondLine(head, starts), at: offset)
        } catch {
            // The fence lags, as after a power failure: a store that is put back from before is noticed all the same by the
            // link of an earlier commit, or of the start.
        }
    }
}
