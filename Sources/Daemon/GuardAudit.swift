import Logging
import Planning
import Reconciler
import Storage

/// Puts what the engine says about its guards into the audit trail, and what holds just now where `status` finds it.
struct GuardAudit: Sendable {
    let commits: CommitQueue
    let clock: SystemClock
    let maxExposed: Int?
    let logger: Logger

    func note(_ report: EngineReport) {
        let mutations = mutations(for: report, now: clock.now())
        guard !mutations.isEmpty else { return }
        commits.submit(mutations) { result in
            if case .failure(let error) = result { logger.error("Store failed", metadata: ["error": "\(error)"]) }
        }
    }

    private func mutations(for report: EngineReport, now: Instant) -> [StoreMutation] {
        let event: (EventKind, PhoneNumber?, String) -> StoreMutation = { kind, number, detail in
            .event(EventEntry(at: now, kind: kind, number: number, detail: detail))
        }
        switch report {
        case .clockBehind(let highWaterMark):
            return [event(.clockBehind, nil, "the store has recorded \(highWaterMark): rotations hold")]
        case .clockRight: return [event(.clockRight, nil, "rotations go on")]
        case .endpointDown(let endpoint, let outcome):
            let detail = "\(endpoint.text) is down, \(outcome.reason.sentence)"
            return [
                event(.breakerOpened, nil, detail + ": one probe at a time"),
                .guardState(GuardState(.endpointDown, subject: endpoint.text, since: now, detail: detail)),
            ]
        case .endpointUp(let endpoint, let since):
            return [
                event(.breakerClosed, nil, "\(endpoint.text) answers again; it was down since \(since)"),
                .guardState(GuardState(.endpointDown, subject: endpoint.text, since: nil)),
            ]
        case .exposureReduced(let number):
            return [event(.exposureReduced, number, "an enable was not accepted: one number is exposed at a time")]
        case .exposurePermitted(let count):
            let isReduced = maxExposed.map { count < $0 } ?? false
            return [
                .guardState(
                    GuardState(
                        .exposureBudget, since: isReduced ? now : nil, permitted: count,
                        detail: "\(count) numbers may be exposed at once"))
            ]
        case .leftExposed(let numbers):
            return numbers.prefix(Self.mostNamed).map { number in
                event(
                    .leftExposed, number,
                    "it left the desired state while we had it disabled, and could not be enabled in time: "
                        + "enable it by hand, or name it in the desired state again")
            }
        case .requestSent, .requestEnded, .planned, .adopted, .adoptionHeld, .adoptionFailed, .orderEnded,
            .storeFailed, .storeRecovered, .numberUnreadable, .stopped:
            return []
        }
    }

    /// As many as can be exposed at once under any sensible setting.
    private static let mostNamed = 256
}
