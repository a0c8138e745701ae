import Daemon
import Foundation
import Glibc
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
    let head: String
    let prunedBefore: Nullable<String>
    let problems: Int
    let first: Nullable<Finding>

    private enum CodingKeys: String, CodingKey {
        case version, intact, links, head, prunedBefore, problems, first
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

/// Where an export goes: standard output, or a new file, which appears under its name only when it is complete.
final class ExportSink {
    private let path: String?
    private let descriptor: Int32
    private var count = 0
    private var isOpen = true
    private(set) var failure: Failure?

    private var draft: String { (path ?? "") + ".part" }

    init(path: String?) throws {
        self.path = path
        guard let path else {
            descriptor = STDOUT_FILENO
            return
        }
        guard access(path, F_OK) != 0 else { throw Failure.failed("\(path) exists already: name a new file") }
        descriptor = open(path + ".part", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Self.problem("cannot make \(path).part") }
    }

    func write(_ line: String) throws {
        var bytes = Array(line.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else {
                let problem = Self.problem("cannot write \(path ?? "standard output")")
                failure = problem
                throw problem
            }
            bytes = bytes.dropFirst(written)
        }
        count += 1
    }

    /// Makes the file durable under its name. Gives how many lines it has.
    func finish() throws -> Int {
        guard let path else { return count }
        defer { abandon() }
        guard fsync(descriptor) == 0, link(draft, path) == 0 else { throw Self.problem("cannot finish \(path)") }
        do { try PrivateFile.syncName(of: path) } catch { throw Failure(error) }
        return count
    }

    /// Removes what is not complete.
    func abandon() {
        guard path != nil, isOpen else { return }
        isOpen = false
        close(descriptor)
        unlink(draft)
    }

    private static func problem(_ what: String) -> Failure {
        .failed("\(what): \(String(cString: strerror(errno)))")
    }
}
