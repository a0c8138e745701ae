public import ConfigFile
import Foundation
import Glibc
public import Logging
public import Planning
import Synchronization

/// Writes log lines to standard error: one line an event, a constant message and `key=value` metadata, or JSON.
///
/// Under systemd they go to the journal by its own protocol, with a field for each piece of metadata
/// (`TWOSTEPD_NUMBER=…`). When the journal cannot be reached, its priority, `<6>`, precedes the line. The journal
/// records the time; elsewhere the line begins with time and level.
///
/// A slow reader of the log blocks nothing: see `LogWriteTimeout`.
public struct LogOutput: LogHandler {
    /// The size limit of a line, in UTF-8 bytes; the rest is cut off. With its line break it is as much as a pipe
    /// accepts in one piece.
    static let maxLineLength = 4095

    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]
    private let format: Settings.LogFormat
    private let forJournal: Bool
    private let journal: JournalSocket?
    private let now: @Sendable () -> Instant
    private let patience = LogWriteTimeout()

    /// - Parameters:
    ///   - level: the lowest level that is written.
    ///   - format: the format of a line.
    ///   - forJournal: true when standard error leads to the journal (`JOURNAL_STREAM` is set).
    ///   - journal: the journal itself; nil when it cannot be reached.
    ///   - now: the wall clock, for lines that do not go to the journal.
    public init(
        level: Logger.Level, format: Settings.LogFormat = .text, forJournal: Bool, journal: JournalSocket? = nil,
        now: @escaping @Sendable () -> Instant
    ) {
        logLevel = level
        self.format = format
        self.forJournal = forJournal
        self.journal = journal
        self.now = now
    }

    /// A value that every line carries from now on.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one line to the journal, or to standard error when there is no journal. A line that is not accepted in
    /// time is lost and counted; a line with that count follows the next one that is accepted.
    public func log(event: LogEvent) {
        let merged = metadata.merging(event.metadata ?? [:]) { $1 }
        let fields = merged.sorted { $0.key < $1.key }.map { (key: $0.key, value: "\($0.value)".onOneLine()) }
        let message = "\(event.message)".onOneLine()
        guard put(event.level, message, fields) else { return patience.recordLost() }
        let lost = patience.recordWritten()
        if lost > 0 {
            _ = put(.warning, "Log lines were dropped, the output was blocked", [(key: "count", value: "\(lost)")])
        }
    }

    /// - Returns: true when the journal or standard error accepted the line.
    private func put(
        _ level: Logger.Level, _ message: String, _ fields: [(key: String, value: String)]
    ) -> Bool {
        let body =
            switch format {
            case .text: ([message] + fields.map { "\($0.key)=\(Self.quoted($0.value))" }).joined(separator: " ")
            case .json: json(level, message, fields)
            }
        let priority = Self.priority(level)
        let limit = patience.milliseconds
        if let journal {
            switch journal.send(Self.cut(body), priority: priority, fields: fields, patience: limit) {
            case .accepted: return true
            // Standard error leads to the same busy journal.
            case .busy: return false
            case .refused: break
            }
        }
        let head = forJournal ? "<\(priority)>" : format == .json ? "" : "\(now()) \(Self.name(level)) "
        return Self.write(Array((Self.cut(head + body) + "\n").utf8), patience: limit)
    }

    private func json(
        _ level: Logger.Level, _ message: String, _ fields: [(key: String, value: String)]
    ) -> String {
        var object = Dictionary(fields.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        object["at"] = now().description
        object["level"] = level.rawValue
        object["message"] = message
        // Cut before it is assembled: half a JSON object is invalid.
        let longest = Self.maxLineLength / max(4, 2 * object.count)
        object = object.mapValues { $0.utf8.count > longest ? String($0.prefix(longest / 4)) + "…" : $0 }
        let data = try? JSONSerialization.data(
            withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
        // Only texts, which always encode.
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    private static func cut(_ text: String) -> String {
        // A character that is cut in two is shown as one of three bytes.
        text.utf8.count <= maxLineLength ? text : String(decoding: text.utf8.prefix(maxLineLength - 3), as: UTF8.self)
    }

    /// Writes a whole line at once, so that lines of several threads never mix; returns false when it is not accepted
    /// in time.
    private static func write(_ bytes: [UInt8], patience: Int32) -> Bool {
        var polled = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        guard poll(&polled, 1, patience) != 0 else { return false }
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            // There is no place to report that standard error is gone; the work goes on.
            guard written > 0 || errno == EINTR else { return true }
            rest = rest.dropFirst(max(0, written))
        }
        return true
    }

    private static func quoted(_ clean: String) -> String {
        let isPlain = !clean.isEmpty && clean.allSatisfy { !$0.isWhitespace && $0 != "\"" && $0 != "=" }
        return isPlain
            ? clean
            : "\"" + clean.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "'") + "\""
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

/// The time that a log line waits for its reader: a journal that hangs, or a pipe that no process reads, must not delay
/// a rotation.
final class LogWriteTimeout: Sendable {
    private struct State {
        var isBusy = false
        var lost = 0
    }

    private let state = Mutex(State())

    /// The timeout in milliseconds: a second for the first line that finds the reader busy, then 0 until a line is
    /// accepted.
    var milliseconds: Int32 { state.withLock { $0.isBusy ? 0 : 1000 } }

    /// Records that a line was not accepted in time.
    func recordLost() {
        state.withLock { state in
            state.isBusy = true
            state.lost += 1
        }
    }

    /// Records that a line was accepted; returns the count of lines lost since the last accepted one.
    func recordWritten() -> Int {
        state.withLock { state in
            defer { state = State() }
            return state.lost
        }
    }
}

/// The systemd journal by its native protocol, a datagram an entry (systemd's `JOURNAL_NATIVE_PROTOCOL`).
public final class JournalSocket: Sendable {
    public static let standardPath = "/run/systemd/journal/socket"

    /// The prefix of our own field names.
    static let prefix = "TWOSTEPD_"

    private let descriptor: Int32
    private let path: String

    /// Nil when the system provides no socket, or `path` is too long for one. The journal may disappear and return
    /// later.
    public init?(path: String = standardPath) {
        guard LocalSocket.address(of: path) != nil else { return nil }
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        descriptor = socket(AF_UNIX, type, 0)
        self.path = path
        guard descriptor >= 0 else { return nil }
        _ = connect()
    }

    /// Connects to the socket that is at the path now: after a restart the journal has another one.
    private func connect() -> Bool {
        guard let (found, length) = LocalSocket.address(of: path) else { return false }
        var address = found
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, length) }
        } == 0
    }

    deinit { close(descriptor) }

    /// The journal's response to an entry.
    enum Reception {
        case accepted
        /// The journal's queue is full.
        case busy
        case refused
    }

    /// Sends one entry whose texts have no line breaks, and waits at most `patience` milliseconds for room in the
    /// journal's queue.
    func send(
        _ message: String, priority: Int, fields: [(key: String, value: String)], patience: Int32
    ) -> Reception {
        var text = "MESSAGE=\(message)\nPRIORITY=\(priority)\nSYSLOG_IDENTIFIER=twostepd\n"
        for (key, value) in fields { text += "\(Self.prefix)\(key.uppercased())=\(value.prefix(1024))\n" }
        let bytes = Array(text.utf8)
        let deadline = ContinuousClock.now + .milliseconds(Int(patience))
        var isConnectedAgain = false
        while true {
            let sent = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            if sent == bytes.count { return .accepted }
            guard errno == EAGAIN || errno == EINTR else {
                guard !isConnectedAgain, connect() else { return .refused }
                isConnectedAgain = true
                continue
            }
            let left = ContinuousClock.now.duration(to: deadline).milliseconds
            var polled = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard left > 0, poll(&polled, 1, Int32(left)) != 0 else { return .busy }
        }
    }
}
