/// One line on standard error that is redrawn in place.
struct ProgressBar: Sendable {
    let width: Int

    /// Draws the bar for `done` of `total`, with `detail` behind it.
    func draw(done: Int, total: Int, detail: String) {
        Console.note("\r" + line(done: done, total: total, detail: detail) + "\u{1B}[K", terminator: "")
    }

    /// Ends the line, so that what follows stands on its own.
    func end() { Console.note("") }

    func line(done: Int, total: Int, detail: String) -> String {
        let counts = " \(done)/\(total) "
        let room = max(10, min(40, width - counts.count - detail.count - 4))
        let filled = total == 0 ? room : room * min(done, total) / total
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: room - filled)
        return String(("[\(bar)]" + counts + detail).prefix(max(20, width - 1)))
    }
}
