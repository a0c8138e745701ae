import Planning

/// The columns of a pause, in `numbers` and in `store_state`.
enum PauseColumns {
    static let list = "paused_at, paused_by, pause_reason, pause_exposed"
    static let assignments = "paused_at = ?, paused_by = ?, pause_reason = ?, pause_exposed = ?"

    /// The pause in the reader's next four columns; nil when there is none.
    static func read(_ reader: inout RowReader) throws(StorageError) -> Pause? {
        let since = try reader.optionalInstant("paused_at")
        let (by, reason, includesExposed) = (reader.optionalText(), reader.optionalText(), reader.optionalInteger())
        guard let since else { return nil }
        return Pause(since: since, by: by ?? "unknown", reason: reason, includesExposed: includesExposed == 1)
    }

}

extension Bindings {
    /// The four columns of a pause.
    mutating func pause(_ pause: Pause?) {
        instant(pause?.since)
        text(pause?.by.boundedLine(to: TextLimit.line))
        text(pause?.reason?.boundedLine(to: TextLimit.line))
        integer(pause.map { $0.includesExposed ? 1 : 0 })
    }
}
