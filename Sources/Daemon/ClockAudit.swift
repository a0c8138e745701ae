import Logging
import Planning
import Reconciler
import Storage

/// Puts what the engine says about the clock into the audit trail.
struct ClockAudit: Sendable {
    let commits: CommitQueue
    let clock: SystemClock
    let logger: Logger

    func note(_ report: EngineReport) {
        let event: EventEntry
        switch report {
        case .clockBehind(let highWaterMark):
            event = EventEntry(
                at: clock.now(), kind: .clockBehind, detail: "the store has recorded \(highWaterMark): rotations hold")
        case .clockRight:
            event = EventEntry(at: clock.now(), kind: .clockRight, detail: "rotations go on")
        case .requestSent, .requestEnded, .planned, .adopted, .adoptionFailed, .storeFailed, .storeRecovered,
            .numberUnreadable, .stopped:
            return
        }
        commits.submit([.event(event)]) { result in
            if case .failure(let error) = result { logger.error("Store failed", metadata: ["error": "\(error)"]) }
        }
    }
}
