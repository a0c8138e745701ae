import Logging
import Planning
import Synchronization

/// The newest errors of the log, for `doctor`.
final class RecentFailures: Sendable {
    /// The count of errors that are kept.
    private static let limit = 5
    /// The length to which an error's text is cut, in characters.
    private static let maxLength = 500

    private let newest = Mutex<[DaemonView.Trouble]>([])

    /// Newest first.
    var list: [DaemonView.Trouble] { newest.withLock { $0 } }

    fileprivate func record(_ event: LogEvent, _ metadata: Logger.Metadata) {
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let detail = fields.map { "\($0.key)=\($0.value)" }.joined(separator: " ").onOneLine()
        let trouble = DaemonView.Trouble(
            subject: "\(event.message)", at: SystemClock().now().description,
            detail: String(detail.prefix(Self.maxLength)))
        newest.withLock { newest in
            newest.removeAll { $0.subject == trouble.subject && $0.detail == trouble.detail }
            newest.insert(trouble, at: 0)
            newest = Array(newest.prefix(Self.limit))
        }
    }

    /// Returns a logger like `logger` that also records every error here.
    func recording(_ logger: Logger) -> Logger {
        var logger = logger
        logger.handler = FailureLog(inner: logger.handler, failures: self)
        return logger
    }
}

/// Passes log lines on, and records those that are errors.
private struct FailureLog: LogHandler {
    var inner: any LogHandler
    let failures: RecentFailures

    var logLevel: Logger.Level {
        get { inner.logLevel }
        set { inner.logLevel = newValue }
    }

    var metadata: Logger.Metadata {
        get { inner.metadata }
        set { inner.metadata = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { inner[metadataKey: key] }
        set { inner[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) {
        if event.level >= .error { failures.record(event, inner.metadata) }
        inner.log(event: event)
    }
}
