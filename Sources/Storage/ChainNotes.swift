import GRDB
import Synchronization

/// The rows that a transaction has added to the history and that are not chained yet.
///
/// Triggers on the writer's own connection record them, with the values as stored. So no statement that writes history
/// can forget its link, and a process that writes to the file past the daemon adds none.
final class ChainNotes: Sendable {
    /// A link that is still to be written.
    struct Note: Sendable {
        let kind: AuditEntry.Kind
        let rowID: Int64
        /// The columns that the link covers.
        let content: [DatabaseValue]
    }

    private static let function = "twostepd_chain"
    private let notes = Mutex<[Note]>([])

    /// Starts recording the history that is written through `db`.
    init(_ db: Database) throws {
        db.add(
            function: DatabaseFunction(Self.function) { [weak self] values in
                self?.add(values)
                return nil
            })
        try db.execute(sql: Self.triggers)
    }

    /// Returns the notes since the last call, in the order of writing, and clears them.
    func drain() -> [Note] {
        notes.withLock { notes in
            defer { notes.removeAll(keepingCapacity: notes.count <= Self.maxKept) }
            return notes
        }
    }

    /// The number of notes that wait to be chained.
    var count: Int { notes.withLock { $0.count } }

    /// Drops all notes but the first `count`, after their rows were rolled back.
    func drop(after count: Int) { notes.withLock { $0.removeLast(max($0.count - count, 0)) } }

    private static let maxKept = 4096

    private func add(_ values: [DatabaseValue]) {
        guard values.count > 2, let kind = String.fromDatabaseValue(values[0]).flatMap(AuditEntry.Kind.init),
            let rowID = Int64.fromDatabaseValue(values[1])
        else { preconditionFailure("the triggers say what they note") }
        notes.withLock { $0.append(Note(kind: kind, rowID: rowID, content: Array(values[1...]))) }
    }

    private static let triggers = """
        CREATE TEMP TRIGGER chain_event AFTER INSERT ON main.events
        BEGIN SELECT \(call(.event)); END;
        CREATE TEMP TRIGGER chain_change AFTER INSERT ON main.changes WHEN NEW.answered_at IS NOT NULL
        BEGIN SELECT \(call(.change)); END;
        CREATE TEMP TRIGGER chain_answer AFTER UPDATE ON main.changes
        BEGIN SELECT \(call(.change)); END;
        """

    private static func call(_ kind: AuditEntry.Kind) -> String {
        "\(function)('\(kind.rawValue)', \(kind.columns(of: "NEW").joined(separator: ", ")))"
    }
}
