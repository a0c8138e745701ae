import Daemon
import Dispatch
import Planning
import Storage

/// Writes the part of the history that was asked for.
struct HistoryView {
    let format: HistoryFormat
    let filter: HistoryFilter
    let time: RelativeTime
    let isStream: Bool
    /// At most so many, the newest.
    let most: Int

    private var width: Int { Console.tableWidth }

    func printChanges(_ reader: StoreReader) throws {
        var after = try reader.changeID(beforeNewest: most, matching: filter)
        let first = after
        var all: [ChangeEntry] = []
        if format == .csv { Console.print(CSV.changeHeader, terminator: "") }
        while case let page = try reader.changes(matching: filter, after: after, limit: StoreReader.pageLimit),
            let last = page.last
        {
            after = last.id
            if format == .csv { print(page) } else { all += page }
        }
        switch format {
        case .csv: break
        case .json: try JSONOutput.print(HistoryDocument(all))
        case .text:
            let text = HistoryText(time: time, isStream: isStream)
            text.lines(all, width: width, colours: Console.colours(1)).forEach { Console.print($0) }
        }
        noteLimit(first)
    }

    func printEvents(_ reader: StoreReader) throws {
        var after = try reader.eventID(beforeNewest: most, matching: filter)
        let first = after
        var all: [StoredEvent] = []
        if format == .csv { Console.print(CSV.eventHeader, terminator: "") }
        while case let page = try reader.events(matching: filter, after: after, limit: StoreReader.pageLimit),
            let last = page.last
        {
            after = last.id
            if format == .csv { page.forEach { Console.print(CSV.line($0), terminator: "") } } else { all += page }
        }
        switch format {
        case .csv: break
        case .json: try JSONOutput.print(EventsDocument(all))
        case .text: EventText(time: time).lines(all, width: width).forEach { Console.print($0) }
        }
        noteLimit(first)
    }

    /// What there is, and then each request when it ends, until Ctrl-C.
    func follow(_ reader: StoreReader) async throws {
        var cursor = try reader.historyCursor()
        try printChanges(reader)
        let ticker = Ticker(every: .milliseconds(500))
        for await _ in ticker.ticks {
            while case let ended = try reader.endedChanges(since: &cursor, matching: filter), !ended.isEmpty {
                print(ended)
            }
        }
    }

    /// Lines that follow others.
    private func print(_ changes: [ChangeEntry]) {
        if format == .csv { return changes.forEach { Console.print(CSV.line($0), terminator: "") } }
        let text = HistoryText(time: time, isStream: true)
        for line in text.lines(changes, width: width, colours: Console.colours(1), header: false) {
            Console.print(line)
        }
    }

    /// - Parameter first: the id that what was shown follows.
    private func noteLimit(_ first: Int64) {
        guard first > 0 else { return }
        Console.note("only the newest \(most) are shown: see --limit and --since")
    }
}
