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
    /// The store lacks the newest request that is in its fence, which may have had no answer yet.
    case withoutRequest(Int64)
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
        case .withoutRequest(let id):
            "the store does not hold request \(id), which it held when it was written last: it was restored from an "
                + "older copy, or its newest history was removed"
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
            if let missing = finding.missingHistory {
                try append(
                    EventEntry(
                        at: now, kind: .historyAltered,
                        detail: "the history held \(missing) when it was written last, and no longer does"), db)
            }
            let next = max(starts, fence?.starts ?? 0) + 1
            try db.execute(
                sql: "UPDATE store_state SET start_count = ?, is_copy = 0, restored_at = coalesce(?, restored_at)",
                arguments: [next, finding == .current ? nil : now.description])
            return (finding, next)
        }
        let open = try OpenFence(starts: starts, mark: try reader.read { try FenceMark($0) }, at: location)
        self.fence.withLock { $0 = open }
        return finding
    }

    private static func compare(
        starts: Int, isCopy: Bool, fence: Fence?, _ db: Database
    ) throws -> FenceFinding {
        if isCopy { return .copy }
        guard let fence else { return starts == 0 ? .current : .missing(starts: starts) }
        if starts < fence.starts { return .behind(starts: starts, fence: fence.starts) }
        guard let mark = fence.mark else { return .current }
        let known = mark.head
        // Links that were pruned since the fence was written can no longer be compared.
        if let state = try AuditState(db), known.sequence > state.cut.sequence {
            let sql = "SELECT sequence, mac FROM audit_chain WHERE sequence = ?"
            let found = try Row.fetchOne(db, sql: sql, arguments: [known.sequence]).map { AuditChain.Head($0) }
            if found != known { return .withoutLink(known.text) }
        }
        return try FenceMark.newestRequest(db) < mark.newestRequest ? .withoutRequest(mark.newestRequest) : .current
    }
}

extension FenceFinding {
    /// The piece of history that is missing, in words; nil when none is known to be.
    fileprivate var missingHistory: String? {
        switch self {
        case .withoutLink(let link): "link \(link)"
        case .withoutRequest(let id): "request \(id)"
        case .current, .behind, .missing, .copy: nil
        }
    }
}

/// The newest history of a store: the newest link of the chain, and the newest request, which stands outside of the
/// chain while it has no answer.
struct FenceMark: Hashable, Sendable {
    var head: AuditChain.Head
    var newestRequest: Int64

    init(_ db: Database) throws {
        head = try AuditChain.head(db)
        newestRequest = try Self.newestRequest(db)
    }

    init?(text: String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard words.count == 2, let head = AuditChain.Head(text: words[0]), let request = Int64(words[1]), request >= 0
        else { return nil }
        self.head = head
        newestRequest = request
    }

    /// The mark as the fence holds it, for ``init(text:)``.
    var text: String { "\(head.text) \(newestRequest)" }

    /// The id of the newest request; 0 for none. Pruning never removes it.
    static func newestRequest(_ db: Database) throws -> Int64 {
        try Int64.fetchOne(db.cachedStatement(sql: "SELECT coalesce(max(id), 0) FROM changes")) ?? 0
    }
}

/// The fence file: the count of starts in digits, and on the second line the newest link of the history and the newest
/// request. It keeps its content when only the store is replaced by an older copy.
///
/// A start writes the file durably, before anything is sent. After that, every durable commit that changes it
/// overwrites the second line, without an fsync: so the fence may lag behind the store after a power failure, and is
/// never ahead of it. A line torn by a power failure is ignored, because its checksum does not match.
struct Fence {
    let starts: Int
    let mark: FenceMark?

    private static let maxSize = 256
    /// The maximum of attempts to read the file while a daemon writes to it.
    private static let maxReadings = 20

    /// Reads the fence; nil when none exists or its content is invalid, which have the same meaning.
    init?(at location: StoreLocation) throws(StorageError) {
        let lines = try Self.lines(at: location)
        guard let starts = lines.first.flatMap({ Int($0) }), starts > 0 else { return nil }
        self.starts = starts
        mark = lines.count > 1 ? Self.mark(in: lines[1], starts) : nil
    }

    /// Returns the mark of a second line; nil when its checksum does not match.
    private static func mark(in line: String, _ starts: Int) -> FenceMark? {
        guard let space = line.lastIndex(of: " ") else { return nil }
        let text = String(line[..<space])
        guard line[line.index(after: space)...] == checksum(text, starts) else { return nil }
        return FenceMark(text: text)
    }

    fileprivate static func checksum(_ mark: String, _ starts: Int) -> String {
        SHA256.hash(data: Array("\(starts) \(mark)".utf8)).prefix(8).hexadecimal
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
}

/// The fence of the open store, held open.
struct OpenFence {
    private let file: OpenFile
    private let starts: Int
    /// The mark that was written last.
    private var mark: FenceMark

    /// Raises the fence: writes the file durably, and opens it.
    init(starts: Int, mark: FenceMark, at location: StoreLocation) throws(StorageError) {
        self.starts = starts
        self.mark = mark
        let content = Array((Self.firstLine(starts) + Self.secondLine(mark, starts)).utf8)
        file = try StorageError.files { () throws(FileError) in
            try AtomicFile.write(content, to: location.fence, WritePolicy(existing: .isReplaced, owner: .directory))
            return try OpenFile(location.fence, for: .updating)
        }
    }

    private static func firstLine(_ starts: Int) -> String { "\(starts)\n" }

    private static func secondLine(_ mark: FenceMark, _ starts: Int) -> String {
        "\(mark.text) \(Fence.checksum(mark.text, starts))\n"
    }

    /// Writes the newest durable history, unless it is in the file already.
    ///
    /// - Parameter head: the newest link; nil when the commit added none.
    mutating func follow(_ head: AuditChain.Head?, newestRequest: Int64) {
        let before = mark
        if let head { mark.head = head }
        mark.newestRequest = newestRequest
        guard mark != before else { return }
        do throws(FileError) {
            try file.overwrite(Array(Self.secondLine(mark, starts).utf8), at: Self.firstLine(starts).utf8.count)
        } catch {
            // The fence now lags, as after a power failure. A restored older copy is still detected by the link of an
            // earlier commit, or of the start.
        }
    }
}
