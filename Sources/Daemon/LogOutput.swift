import Glibc
public import Logging
public import Planning

/// Writes log lines to standard error: one line an event, a constant message and `key=value` metadata.
///
/// Under systemd the line begins with the journal's priority, `<6>`, and has no time of its own, because the journal
/// keeps one; elsewhere it begins with the time and the level.
public struct LogOutput: LogHandler {
    /// The longest line that is written, in UTF-8 bytes; the rest is cut off.
    static let longestLine = 4096

    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]
    private let forJournal: Bool
    private let now: @Sendable () -> Instant

    /// - Parameters:
    ///   - level: the lowest level that is written.
    ///   - forJournal: whether lines go to the journal (`JOURNAL_STREAM` is set).
    public init(level: Logger.Level, forJournal: Bool, now: @escaping @Sendable () -> Instant) {
        logLevel = level
        self.forJournal = forJournal
        self.now = now
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        let merged = metadata.merging(event.metadata ?? [:]) { $1 }
        let pairs = merged.sorted { $0.key < $1.key }.map { "\($0.key)=\(Self.quoted("\($0.value)"))" }
        let body = ([Self.oneLine("\(event.message)")] + pairs).joined(separator: " ")
        let head = forJournal ? "<\(Self.priority(event.level))>" : "\(now()) \(Self.name(event.level)) "
        var bytes = Array((head + body).utf8.prefix(Self.longestLine))
        bytes.append(UInt8(ascii: "\n"))
        Self.write(bytes)
    }

    /// One write for a whole line, so that lines of several threads never mix.
    private static func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            // Nowhere is left to report that standard error is gone; the work goes on.
            guard written > 0 || errno == EINTR else { return }
            rest = rest.dropFirst(max(0, written))
        }
    }

    private static func quoted(_ text: String) -> String {
        let clean = oneLine(text)
        let isPlain = !clean.isEmpty && clean.allSatisfy { !$0.isWhitespace && $0 != "\"" && $0 != "=" }
        return isPlain
            ? clean
            : "\"" + clean.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "'") + "\""
    }

    private static func oneLine(_ text: String) -> String {
        String(text.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? " " : Character($0) })
    }

    private static func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    private static func name(_ level: Logger.Level) -> String {
        let name = level.rawValue
        return name + String(repeating: " ", count: max(0, 8 - name.count))
    }
}
