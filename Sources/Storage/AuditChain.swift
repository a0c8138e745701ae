import Crypto
import Foundation
import GRDB
import Planning

/// A chain of message authentication codes over the history: each request, once it has ended, and each event gets a
/// code over the previous code, its own place and its content, in the transaction that completes it.
///
/// Without the key no one can write a link, so an edited, removed, moved or added row is detected. A request that is
/// still open stands outside the chain. A chain alone cannot detect that its newest links are missing: for that its
/// head must be kept elsewhere.
struct AuditChain: Sendable {
    static let macByteCount = 32

    /// A link's sequence number and code; sequence 0 for the chain's beginning.
    struct Head: Hashable, Sendable {
        var sequence: Int64 = 0
        var mac = [UInt8](repeating: 0, count: macByteCount)
    }

    let key: SymmetricKey
    /// The code with the key already mixed in, before the first byte of content.
    private let code: HMAC<SHA256>

    init(key: SymmetricKey) {
        self.key = key
        code = HMAC<SHA256>(key: key)
    }

    private static let insert = "INSERT INTO audit_chain (sequence, entry, row_id, mac) VALUES (?, ?, ?, ?)"

    /// Adds a link for each note of the transaction. This must be the last step before a commit.
    ///
    /// - Returns: the newest link; nil when there are no notes.
    func extend(with notes: [ChainNotes.Note], _ db: Database) throws -> Head? {
        guard !notes.isEmpty else { return nil }
        var head = try Self.head(db)
        for note in notes { try append(note, to: &head, db) }
        return head
    }

    /// Writes the link that follows `head`, and advances `head` to it.
    func append(_ note: ChainNotes.Note, to head: inout Head, _ db: Database) throws {
        let sequence = head.sequence + 1
        head = Head(sequence: sequence, mac: mac(after: head.mac, sequence, note.kind, note.content))
        let mac = head.mac
        try db.cachedStatement(sql: Self.insert).run { row in
            row.integer(sequence)
            row.text(note.kind.rawValue)
            row.integer(note.rowID)
            row.bytes(mac)
        }
    }

    /// Returns the newest link; the position of the cut when every link was pruned.
    static func head(_ db: Database) throws -> Head {
        let newest = try db.cachedStatement(sql: "SELECT sequence, mac FROM audit_chain ORDER BY sequence DESC LIMIT 1")
        if let row = try Row.fetchOne(newest) { return Head(row) }
        let cut = try db.cachedStatement(sql: "SELECT cut_sequence, cut_mac FROM audit_state")
        return try Row.fetchOne(cut).map { Head($0) } ?? Head()
    }

    /// The code of the link `sequence` that follows `previous`.
    func mac(after previous: [UInt8], _ sequence: Int64, _ kind: AuditEntry.Kind, _ content: [DatabaseValue]) -> [UInt8]
    {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512)
        bytes += "twostepd audit ".utf8
        bytes += kind.rawValue.utf8
        bytes.append(UInt8(ascii: "\n"))
        bytes += previous
        Self.append(sequence, to: &bytes)
        for value in content { Self.append(value, to: &bytes) }
        return code(of: bytes)
    }

    /// Returns the code over the chain's beginning.
    func anchorMAC(cut: Head, before: String?) -> [UInt8] {
        var bytes = Array("twostepd audit anchor\n".utf8) + cut.mac
        Self.append(cut.sequence, to: &bytes)
        Self.append(before?.databaseValue ?? .null, to: &bytes)
        return code(of: bytes)
    }

    private func code(of bytes: [UInt8]) -> [UInt8] {
        var code = code
        code.update(data: bytes)
        return Array(code.finalize())
    }

    /// Appends a value with its type and length, so that different contents never have the same bytes.
    private static func append(_ value: DatabaseValue, to bytes: inout [UInt8]) {
        switch value.storage {
        case .null: bytes.append(0)
        case .int64(let integer):
            bytes.append(1)
            append(integer, to: &bytes)
        case .double(let double):
            bytes.append(2)
            append(Int64(bitPattern: double.bitPattern), to: &bytes)
        case .string(let text):
            bytes.append(3)
            append(Int64(text.utf8.count), to: &bytes)
            bytes += text.utf8
        case .blob(let data):
            bytes.append(4)
            append(Int64(data.count), to: &bytes)
            bytes += data
        }
    }

    private static func append(_ integer: Int64, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: integer.bigEndian) { bytes += $0 }
    }
}

extension AuditChain.Head {
    init(_ row: Row) {
        let data: Data = row[1]
        self.init(sequence: row[0], mac: Array(data))
    }

    /// The head as commands print and accept it: `17:9f86d081…`, the sequence and 64 hexadecimal digits.
    var text: String { "\(sequence):" + mac.hexadecimal }

    /// Reads ``text``; nil for anything else.
    init?(text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let sequence = Int64(parts[0]), sequence >= 0,
            let mac = SealingKey.bytes(hexadecimal: Array(parts[1].utf8)[...]),
            mac.count == AuditChain.macByteCount
        else { return nil }
        self.init(sequence: sequence, mac: mac)
    }
}
