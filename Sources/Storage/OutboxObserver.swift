import GRDB

/// Tells of each commit that added to the outbox.
final class OutboxObserver: TransactionObserver {
    private let tell: @Sendable () -> Void
    private var hasNews = false

    init(_ tell: @escaping @Sendable () -> Void) { self.tell = tell }

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool {
        if case .insert("outbox") = eventKind { true } else { false }
    }

    func databaseDidChange(with event: DatabaseEvent) { hasNews = true }

    func databaseDidCommit(_ db: Database) {
        if hasNews { tell() }
        hasNews = false
    }

    func databaseDidRollback(_ db: Database) { hasNews = false }
}
