import Logging
import Planning
import Reconciler
import Storage

/// Records the engine's reports about its guards in the audit trail, and the guards in force where `status` finds them.
struct GuardAudit: Sendable {
    let commits: CommitQueue
    let clock: SystemClock
    let maxExposed: Int?
    let logger: Logger

    func handle(_ report: EngineReport) {
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
        case .guardChanged(let change): return mutations(for: change, now: now, event)
        case .desiredState(.leftExposed(let numbers)):
            return numbers.prefix(Self.maxNamed).map { number in
                event(
                    .leftExposed, number,
                    "it left the desired state while we had it disabled, and could not be enabled in time: "
                        + "enable it by hand, or name it in the desired state again")
            }
        case .number(.setAside(let unreadable, let until)):
            let (number, message) = (unreadable.number, unreadable.message)
            return [
                event(.recordUnreadable, number, "the record is set aside until \(until): \(message)"),
                .guardState(
                    GuardState(.unreadableRecord, subject: number.description, since: now, detail: message)),
            ]
        case .number(.readAgain(let number)):
            return [.guardState(GuardState(.unreadableRecord, subject: number.description, since: nil))]
        case .number(.pinsUnreadable(let number, let generations)):
            let list = generations.map(String.init).joined(separator: ", ")
            return [
                event(
                    .recordUnreadable, number,
                    "PIN \(list) cannot be unsealed with the key in use and counts as foreign: the number is reset")
            ]
        case .number(.requestSent), .number(.requestEnded), .number(.planned), .number(.observed),
            .desiredState(.adopted),
            .desiredState(.held), .desiredState(.kept), .desiredState(.failed), .orderEnded, .store, .stopped:
            return []
        }
    }

    private func mutations(
        for change: GuardReport, now: Instant, _ event: (EventKind, PhoneNumber?, String) -> StoreMutation
    ) -> [StoreMutation] {
        switch change {
        case .clockBehind(let highWaterMark):
            return [event(.clockBehind, nil, "the store has recorded \(highWaterMark): rotations wait")]
        case .clockRight: return [event(.clockRight, nil, "rotations continue")]
        case .endpointDown(let endpoint, let outcome):
            let detail = "\(endpoint.text) \(outcome.endpointTrouble)"
            return [
                event(.breakerOpened, nil, detail + ": one probe at a time"),
                .guardState(GuardState(.endpointDown, subject: endpoint.text, since: now, detail: detail)),
            ]
        case .endpointUp(let endpoint, let since):
            return [
                event(.breakerClosed, nil, "\(endpoint.text) answers again; it was down since \(since)"),
                .guardState(GuardState(.endpointDown, subject: endpoint.text, since: nil)),
            ]
        case .disableRefused(let account, let number):
            let detail = "\(account.text) refuses to disable numbers: \(Account.refusalAdvice)"
            return [event(.disableRefused, number, detail)]
        case .disableAccepted: return []
        case .endpointLimited(let endpoint, let until):
            return [
                .guardState(
                    GuardState(
                        .endpointLimit, subject: endpoint.text, since: until.map { _ in now }, until: until,
                        detail: "numbers wait for the rate limit of \(endpoint.text)"))
            ]
        case .stopping:
            return [.guardState(GuardState(.stopping, since: now, detail: "nothing starts that exposes a number"))]
        case .exposureReduced(let number):
            return [event(.exposureReduced, number, "an enable was not accepted: one number is exposed at a time")]
        case .exposurePermitted(let count):
            let isReduced = maxExposed.map { count < $0 } ?? false
            return [
                .guardState(
                    GuardState(
                        .exposureBudget, since: isReduced ? now : nil, permitted: count,
                        detail: "\(count.counted("number")) may be exposed at once"))
            ]
        }
    }

    /// As many numbers as can be exposed at once under any sensible setting.
    private static let maxNamed = 256
}

extension Outcome {
    /// The checks for an operator whose endpoint refuses every number.
    static let accountAdvice =
        "check the endpoint's address, the account, the tokens and the addresses that they are restricted to"

    /// The reason for which the breaker of an endpoint opened, to follow the endpoint's name.
    var endpointTrouble: String {
        reason.endpointSignal == .refusesAccount
            ? "refuses every number, \(reason.sentence): \(Self.accountAdvice)" : "is down, \(reason.sentence)"
    }
}
