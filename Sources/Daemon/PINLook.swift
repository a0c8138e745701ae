import Planning

/// A look at a number's PINs that is about to be recorded.
struct PINLook: Sendable {
    let number: PhoneNumber
    let event: EventEntry

    /// The rotation that follows from the look, and its place in the audit trail.
    ///
    /// - Parameter delay: how long after a look the number's PIN is rotated.
    func rotation(after delay: Duration) -> (order: Order, scope: OrderScope, event: EventEntry) {
        let instant = event.at.advanced(by: delay)
        let told = EventEntry(
            at: event.at, kind: event.kind, number: number, actor: event.actor,
            detail: event.detail + " (the PIN is rotated at \(instant))")
        return (.rotate(before: instant), .numbers([number]), told)
    }
}
