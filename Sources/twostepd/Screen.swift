import Daemon
import Dispatch
import Glibc
import Planning

/// A terminal that redraws its content in place.
enum Screen {
    private static let begin = "\u{1B}[?1049h\u{1B}[?25l"
    private static let end = "\u{1B}[?25h\u{1B}[?1049l"

    /// Shows the lines that `content` returns, at once and then every `seconds`, until Ctrl-C or SIGTERM; then restores
    /// the terminal.
    static func keep(everySeconds seconds: Int, _ content: () async throws -> [String]) async throws {
        let ticker = Ticker(every: .seconds(seconds))
        Console.print(begin, terminator: "")
        defer { Console.print(end, terminator: "") }
        for await _ in ticker.ticks {
            let lines = fitted(try await content())
            // Each line clears the rest of its old line, and the last one everything below.
            let text = lines.joined(separator: "\u{1B}[K\r\n")
            Console.print("\u{1B}[H\(text)\u{1B}[K\u{1B}[J", terminator: "")
        }
    }

    /// Returns as many lines as the terminal has, with a note about omitted lines.
    private static func fitted(_ lines: [String]) -> [String] {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 1, lines.count > Int(size.ws_row)
        else { return lines }
        let kept = Int(size.ws_row) - 1
        return lines.prefix(kept) + [
            "… \((lines.count - kept).counted("more line")): a larger terminal, or --condition"
        ]
    }
}

/// One line on standard error that is redrawn in place.
struct ProgressBar: Sendable {
    let width: Int

    /// Draws the bar for `done` of `total`, with `detail` behind it.
    func draw(done: Int, total: Int, detail: String) {
        Console.note("\r" + line(done: done, total: total, detail: detail) + "\u{1B}[K", terminator: "")
    }

    /// Ends the line, so that later output begins on a line of its own.
    func end() { Console.note("") }

    func line(done: Int, total: Int, detail: String) -> String {
        let counts = " \(done)/\(total) "
        let room = max(10, min(40, width - counts.count - detail.count - 4))
        let filled = total == 0 ? room : room * min(done, total) / total
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: room - filled)
        return String(("[\(bar)]" + counts + detail).prefix(max(20, width - 1)))
    }
}

/// Ticks, the first at once, until Ctrl-C, SIGTERM or SIGHUP ends them: for commands that run until they are stopped.
final class Ticker {
    let ticks: AsyncStream<Void>
    private let timer: any DispatchSourceTimer
    private let signals: SignalWatcher

    init(every interval: DispatchTimeInterval) {
        let (ticks, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        self.ticks = ticks
        BlockedSignals.keep(evenIgnored: false)
        signals = SignalWatcher { _ in continuation.finish() }
        timer = DispatchSource.makeTimerSource()
        timer.schedule(deadline: .now(), repeating: interval)
        timer.setEventHandler { continuation.yield() }
        timer.activate()
    }

    deinit { timer.cancel() }
}
