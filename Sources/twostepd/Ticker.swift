import Dispatch
import Glibc

/// Ticks, the first at once, until Ctrl-C or SIGTERM ends them: for commands that go on.
final class Ticker {
    let ticks: AsyncStream<Void>
    private let timer: any DispatchSourceTimer
    private let signals: [any DispatchSourceSignal]

    init(every interval: DispatchTimeInterval) {
        let (ticks, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        self.ticks = ticks
        signals = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { continuation.finish() }
            source.activate()
            return source
        }
        timer = DispatchSource.makeTimerSource()
        timer.schedule(deadline: .now(), repeating: interval)
        timer.setEventHandler { continuation.yield() }
        timer.activate()
    }

    deinit {
        timer.cancel()
        signals.forEach { $0.cancel() }
    }
}
