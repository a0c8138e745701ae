import Crypto
import Foundation
import GRDB

/// Chains the history: each opening and answer of a change, and each event, gets a message authentication code over
/// the one before, its place and its content, in the transaction that writes it.
///
/// Without the key nobody can write a link, so nothing can be edited, removed from the middle, put elsewhere or added
/// unnoticed. What a chain cannot tell by itself is that its newest links are gone: for that its head must be known
/// elsewhere.
struct AuditChain: Sendable {
    static let macByteCount = 32

    /// A link's place and code; sequence 0 for the chain's beginning.
    struct Head: Hashable, Sendable {
        var sequence: Int64 = 0
        var mac = [UInt8](repeating: 0, count: macByteCount)
    }

    let key: SymmetricKey

    private static let unchained = AuditEntry.query("temp.unchained", mac: "NULL")
    private static let insert = "INSERT INTO audit_chain (sequence, entry, row_id, mac) VALUES (?, ?, ?, ?)"

    /// Chains what the transaction wrote so far. The last thing before every commit.
    ///
    /// - Returns: how many links were added.
    @discardableResult
    func extend(_ db: Database) throws -> Int {
        let cursor = try Row.fetchCursor(db.cachedStatement(sql: Self.unchained))
        guard var row = try cursor.next() else { return 0 }
        var head = try Self.head(db)
        let insert = try db.cachedStatement(sql: Self.insert)
        var count = 0
        while true {
            let entry = try AuditEntry(row)
            guard let content = entry.content else {
                preconditionFailure("what was written in this transaction cannot be gone")
            }
            head = Head(
                sequence: head.sequence + 1,
                mac: mac(after: head.mac, head.sequence + 1, entry.kind, content))
            try insert.run([head.sequence, entry.kind.rawValue, entry.rowID, Data(head.mac)])
            count += 1
            guard let next = try cursor.next() else { break }
            row = next
        }
        try db.cachedStatement(sql: "DELETE FROM temp.unchained").execute()
        return count
    }

    /// The newest link; the place of the cut when everything was pruned.
    static func head(_ db: Database) throws -> Head {
        let newest = try db.cachedStatement(sql: "SELECT sequence, mac FROM audit_chain ORDER BY sequence DESC LIMIT 1")
        if let row = try Row.fetchOne(newest) { return Head(row) }
        let cut = try db.cachedStatement(sql: "SELECT cut_sequence, cut_mac FROM audit_state")
        return try Row.fetchOne(cut).map { Head($0) } ?? Head()
    }

    /// The code of the link `sequence` that follows `previous`.
    func mac(after previous: [UInt8], _ sequence: Int64, _ kind: AuditEntry.Kind, _ content: [DatabaseValue]) -> [UInt8]
    {
        var bytes = Array("twostepd audit \(kind.rawValue)\n".utf8) + previous
        Self.append(sequence, to: &bytes)
        for value in content { Self.append(value, to: &bytes) }
        return code(bytes)
    }

    /// The code over where the chain begins.
    ///
    /// - Parameter halves: what the links that are gone vouched for, of rows that are still there.
    func anchorMAC(
        cut: Head, before: String?, adopted: Int, halves: [(kind: AuditEntry.Kind, content: [DatabaseValue])] = []
    ) -> [UInt8] {
        var bytes = Array("twostepd audit anchor\n".utf8) + cut.mac
        Self.append(cut.sequence, to: &bytes)
        Self.append(before?.databaseValue ?? .null, to: &bytes)
        Self.append(Int64(adopted), to: &bytes)
        for half in halves {
            Self.append(half.kind.rawValue.databaseValue, to: &bytes)
            for value in half.content { Self.append(value, to: &bytes) }
        }
        return code(bytes)
    }

    private func code(_ bytes: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: bytes, using: key))
    }

    /// Every value with its type and length, so that no two contents have the same bytes.
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

    /// The head as it is shown and given back: `17:9f86d081…`, the sequence and 64 hexadecimal digits.
    var text: String { "\(sequence):" + mac.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }

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
