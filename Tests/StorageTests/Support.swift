import Foundation
import GRDB
import Planning
import Testing

@testable import Storage

/// A state directory that is removed with the last reference.
final class StateDirectory: Sendable {
    let path: String
    var location: StoreLocation { StoreLocation(directory: path) }

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "twostepd-\(UUID().uuidString)")
        path = url.path
    }

    deinit {
        // Files that cannot be removed are left to the system's cleaning of its temporary directory.
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Returns the permission bits of a file in the directory; the directory's own for an empty name.
    func mode(_ name: String = "") throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: name.isEmpty ? path : "\(path)/\(name)")
        return try #require(attributes[.posixPermissions] as? Int)
    }

    func bytes(_ name: String) throws -> Data {
        try Data(contentsOf: URL(filePath: "\(path)/\(name)"))
    }

    func write(_ bytes: Data, _ name: String, mode: Int = 0o600) throws {
        try bytes.write(to: URL(filePath: "\(path)/\(name)"))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: "\(path)/\(name)")
    }

    /// Returns the bytes of every file in the directory.
    func everyByte() throws -> Data {
        try FileManager.default.contentsOfDirectory(atPath: path).sorted().reduce(into: Data()) { all, name in
            all.append(try Data(contentsOf: URL(filePath: "\(path)/\(name)")))
        }
    }
}

enum Sample {
    static let key = SealingKey.random()
    static let now = at(0)

    /// Returns an instant this many seconds after the tests' epoch.
    static func at(_ seconds: Int) -> Instant {
        Instant(millisecondsSinceEpoch: 1_790_000_000_000).advanced(by: .seconds(seconds))
    }

    static func number(_ index: Int) throws -> PhoneNumber {
        try #require(PhoneNumber("+1555\(1_000_000 + index)"))
    }

    static func pin(_ digits: String) throws -> PIN {
        try #require(PIN(digits: digits))
    }

    static func desired(_ index: Int, endpoint: Endpoint = .v4) throws -> DesiredNumber {
        DesiredNumber(number: try number(index), tokenName: "token-\(index)", endpoint: endpoint)
    }

    static func state(_ numbers: [DesiredNumber], sha: Character = "a") -> DesiredState {
        DesiredState(
            numbers: numbers, sha256: String(repeating: sha, count: 64), source: "/etc/twostepd/desired-state.yaml")
    }

    /// Returns a store in memory with numbers 1 to `count` adopted at ``now``.
    static func store(_ count: Int) throws -> Store {
        let store = try Store.inMemory(key: key)
        _ = try store.adopt(state((1...count).map { try desired($0) }), at: now)
        return store
    }

    /// Returns an open change: a disable, or an enable of `generation`.
    static func change(_ id: Int64, _ index: Int, generation: Int? = nil, sentAt: Instant = now) throws -> ChangeEntry {
        ChangeEntry(
            id: id, number: try number(index), action: generation == nil ? .disable : .enable, reason: .enabling,
            generation: generation, sentAt: sentAt)
    }
}

extension Store {
    /// Adopts a state, however much it weakens.
    @discardableResult
    func adopt(_ state: DesiredState, at now: Instant) throws -> Adoption {
        let result = try adopt(
            DesiredStateReading(state: state), guardedBy: DesiredStateGuard.none, at: now)
        guard case .adopted(let adoption) = result.verdict else { throw NotAdopted() }
        return adoption
    }

    private struct NotAdopted: Error {}

    /// Adopts a state, or holds it.
    func adopt(_ state: DesiredState, guardedBy guardian: DesiredStateGuard, at now: Instant) throws -> AdoptionResult {
        try adopt(DesiredStateReading(state: state), guardedBy: guardian, at: now)
    }

    /// Returns the version of a number's row, readable or not.
    func version(_ index: Int) throws -> Int? {
        let number = try Sample.number(index).description
        return try queue.read {
            try Int.fetchOne($0, sql: "SELECT version FROM numbers WHERE number = ?", arguments: [number])
        }
    }

    func required(_ index: Int, at now: Instant = Sample.now) throws -> NumberRecord {
        try #require(try reader.record(try Sample.number(index), at: now))
    }

    /// Gives a number a new PIN generation that may be live, by an ordinary commit.
    func addGeneration(_ generation: Int, _ digits: String, to index: Int) throws {
        var record = try required(index)
        let pin = PINGeneration(
            generation: generation, pin: try Sample.pin(digits), origin: .generated, createdAt: Sample.now)
        record.belief = record.belief.widened(by: .on(generation), sentAt: Sample.now)
        record.generations.append(pin)
        try commit([.save(record, newGeneration: pin, touched: [])])
    }

    /// Makes a number's belief certain: our PIN of generation 1 alone.
    func makeCertain(_ index: Int) throws {
        let number = try Sample.number(index)
        try execute(
            "UPDATE numbers SET maybe_off = 0, maybe_foreign = 0, last_accepted = 'on(1)' WHERE number = '\(number)'")
    }

    /// Runs SQL like a user of a database shell.
    func execute(_ sql: String) throws {
        try queue.write { try $0.execute(sql: sql) }
    }

    /// Returns the column of texts that a query selects.
    func texts(_ sql: String) throws -> [String?] {
        try queue.read { try Optional<String>.fetchAll($0, sql: sql) }
    }

    func count(_ table: String) throws -> Int {
        try queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM \(table)") ?? 0 }
    }
}
