import Daemon
import Files
import Foundation
import Planning
import Storage

/// `audit verify` as JSON.
struct AuditDocument: Encodable {
    struct Finding: Encodable {
        let problem: String
        let table: String
        let id: Int64
        let at: Nullable<String>
    }

    let version = 1
    let intact: Bool
    let links: Int
    /// Links of rows from before the chain. There are none in any store that this program opens; keys are only added.
    let adopted = 0
    let head: String
    let prunedBefore: Nullable<String>
    let problems: Int
    let first: Nullable<Finding>

    private enum CodingKeys: String, CodingKey {
        case version, intact, links, adopted, head, prunedBefore, problems, first
    }

    init(_ report: AuditReport) {
        intact = report.first == nil
        links = report.links
        head = report.head
        prunedBefore = Nullable(report.prunedBefore?.description)
        problems = report.problems
        first = Nullable(
            report.first.map {
                Finding(
                    problem: $0.problem.rawValue, table: $0.table, id: $0.id, at: Nullable($0.at?.description))
            })
    }
}

/// One line of `audit export`.
struct AuditLine: Encodable {
    private let record: AuditRecord

    init(_ record: AuditRecord) { self.record = record }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    func encode(to encoder: any Encoder) throws {
        var line = encoder.container(keyedBy: Key.self)
        try line.encode(1, forKey: Key("version"))
        try line.encode(record.sequence, forKey: Key("sequence"))
        try line.encode(record.entry, forKey: Key("entry"))
        try line.encode(record.mac, forKey: Key("mac"))
        try line.encode(record.table, forKey: Key("table"))
        guard let columns = record.columns else { return try line.encodeNil(forKey: Key("row")) }
        var row = line.nestedContainer(keyedBy: Key.self, forKey: Key("row"))
        for (name, value) in columns {
            switch value {
            case .null: try row.encodeNil(forKey: Key(name))
            case .integer(let integer): try row.encode(integer, forKey: Key(name))
            case .text(let text): try row.encode(text, forKey: Key(name))
            }
        }
    }

    func line() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }
}

/// Where an export goes: standard output, or a new file for its owner alone, which appears when it is complete.
final class ExportSink {
    private let draft: Draft?
    private var count = 0
    /// Why a line could not be written.
    private(set) var failure: FileError?

    init(path: String?) throws(FileError) {
        guard let path else {
            draft = nil
            return
        }
        draft = try Draft(of: path, WritePolicy(existing: .stays))
    }

    func write(_ line: String) throws(FileError) {
        let bytes = Array(line.utf8)
        do throws(FileError) {
            if let draft { try draft.write(bytes) } else { try OpenFile.standardOutput.write(bytes) }
        } catch {
            failure = error
            throw error
        }
        count += 1
    }

    /// Makes the file durable under its name. Gives how many lines it has.
    func finish() throws(FileError) -> Int {
        try draft?.finish()
        return count
    }

    /// Removes what is not complete.
    func abandon() { draft?.discard() }
}
