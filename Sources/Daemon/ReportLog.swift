import Logging
import Planning
import Reconciler

/// Turns the engine's reports into log lines. Messages are constant; what varies is metadata.
struct ReportLog: Sendable {
    let logger: Logger

    func write(_ report: EngineReport) {
        switch report {
        case .number(let report): write(report)
        case .desiredState(let report): write(report)
        case .orderEnded(_, let failure):
            if let failure { logger.error("Order was not carried out", metadata: ["error": "\(failure)"]) }
        case .guardChanged(let report): write(report)
        case .store(.failed(let message, let retryAt)):
            logger.error(
                "Store failed, nothing is sent until it works",
                metadata: ["error": "\(message)", "retry_at": "\(retryAt)"])
        case .store(.recovered): logger.notice("Store works again")
        case .stopped(let exposed, let unanswered): writeStop(exposed, unanswered)
        }
    }

    private func write(_ report: NumberReport) {
        switch report {
        case .requestSent(let change): logger.debug("Request sent", metadata: metadata(change))
        case .requestEnded(let change, let record): writeEnd(change, record)
        case .planned(let record, let decision):
            logger.trace("Number planned", metadata: ["number": "\(record.number)", "decision": "\(decision)"])
        case .observed(let record, let answer): writeObservation(record, answer)
        case .setAside(let unreadable, let until):
            logger.error(
                "Record set aside: it cannot be read or written",
                metadata: ["number": "\(unreadable.number)", "error": "\(unreadable.message)", "retry_at": "\(until)"])
        case .readAgain(let number):
            logger.notice("Record can be read again", metadata: ["number": "\(number)"])
        case .pinsUnreadable(let number, let generations):
            logger.error(
                "PIN cannot be unsealed and counts as foreign",
                metadata: [
                    "number": "\(number)",
                    "generations": "\(generations.map(String.init).joined(separator: ","))",
                ])
        }
    }

    private func writeObservation(_ record: NumberRecord, _ answer: ObserverAnswer) {
        var metadata: Logger.Metadata = ["number": "\(record.number)"]
        switch answer {
        case .unknown(let outcome):
            metadata["error"] = "\(outcome.observerSentence)"
            logger.warning("Observation failed", metadata: metadata)
        case .enabled, .disabled:
            metadata["observed"] = "\(answer == .enabled ? "on" : "off")"
            // Only for drift that this answer revealed, not an earlier one.
            if let drift = record.observations.drift, drift.at == record.observations.newest?.at {
                metadata["drift"] = "\(drift.kind.rawValue)"
                logger.error("Drift found: another person or program has changed the number", metadata: metadata)
            } else {
                logger.debug("Number observed", metadata: metadata)
            }
        }
    }

    private func write(_ report: DesiredStateReport) {
        switch report {
        case .adopted(let adoption):
            let difference = adoption.difference
            var metadata: Logger.Metadata = [
                "revision": "\(adoption.revision)", "added": "\(difference.added.count)",
                "changed": "\(difference.changed.count)", "removed": "\(difference.removed.count)",
                "unchanged": "\(difference.unchanged)",
            ]
            if let note = adoption.identityNote { metadata["identity"] = "\(note)" }
            logger.notice("Desired state in force", metadata: metadata)
        case .held(let held):
            logger.error(
                "Desired state is held, \(held.reason.consequence): accept it or correct what is wrong",
                metadata: [
                    "sha256": "\(held.sha256.prefix(12))", "why": "\(held.reason)",
                    "accept": "twostepd accept \(held.sha256.prefix(12))",
                ])
        case .kept: logger.debug("Desired state kept")
        case .failed(let message):
            logger.error("Desired state could not be stored", metadata: ["error": "\(message)"])
        case .leftExposed(let numbers):
            logger.error(
                "Numbers left the desired state while disabled by us: enable them by hand or name them again",
                metadata: ["numbers": "\(numbers.prefix(20).map(\.description).joined(separator: ","))"])
        }
    }

    private func write(_ report: GuardReport) {
        switch report {
        case .endpointDown(let endpoint, let outcome):
            let refusesAll = outcome.reason.endpointSignal == .refusesAccount
            logger.error(
                refusesAll
                    ? "Endpoint refuses every number, and is probed one request at a time: \(Outcome.accountAdvice)"
                    : "Endpoint is down, and is probed with one request at a time",
                metadata: ["endpoint": "\(endpoint.text)", "error": "\(outcome.reason.sentence)"])
        case .endpointUp(let endpoint, let since):
            logger.notice("Endpoint answers again", metadata: ["endpoint": "\(endpoint.text)", "since": "\(since)"])
        case .disableRefused(let account, let number):
            logger.error(
                "Vendor refuses to disable numbers: see \"Find out what your vendor does\" in operations.md",
                metadata: ["endpoint": "\(account.text)", "number": "\(number)"])
        case .disableAccepted(let account):
            logger.notice("Vendor disables numbers again", metadata: ["endpoint": "\(account.text)"])
        case .endpointLimited(let endpoint, let until):
            logger.debug(
                "Rate limit of the endpoint",
                metadata: ["endpoint": "\(endpoint.text)", "until": "\(until.map { "\($0)" } ?? "no number waits")"])
        case .stopping: logger.debug("Stop requested")
        case .exposureReduced(let number):
            logger.error(
                "An exposed number could not be enabled, one number is exposed at a time",
                metadata: ["number": "\(number)"])
        case .exposurePermitted(let count):
            logger.debug("Exposure budget", metadata: ["permitted": "\(count)"])
        case .clockBehind(let highWaterMark):
            logger.error(
                "Clock is behind what was recorded: rotations and adoptions wait, correct the clock",
                metadata: ["recorded": "\(highWaterMark)"])
        case .clockRight: logger.notice("Clock is right again")
        }
    }

    private func writeEnd(_ change: ChangeEntry, _ record: NumberRecord) {
        guard let outcome = change.outcome else { return }
        guard outcome.verdict != .accepted else {
            // Each number is re-applied daily: on a quiet day that is no news.
            logger.log(
                level: change.reason == .reapplyDue ? .debug : .info, "Request accepted",
                metadata: metadata(change, record, outcome))
            return
        }
        var metadata = metadata(change, record, outcome)
        metadata["error"] = "\(outcome.sentence(for: change.action))"
        metadata["attempts"] = "\(record.attempts)"
        if let retryAt = record.retryAt { metadata["retry_at"] = "\(retryAt)" }
        if record.isExposed {
            logger.error("Request failed and the number is exposed", metadata: metadata)
        } else {
            logger.warning("Request failed", metadata: metadata)
        }
    }

    private func writeStop(_ exposed: [PhoneNumber], _ unanswered: Int) {
        guard exposed.isEmpty, unanswered == 0 else {
            logger.error(
                "Stopped with work left: the next start continues it",
                metadata: [
                    "exposed": "\(exposed.prefix(20).map(\.description).joined(separator: ","))",
                    "exposed_count": "\(exposed.count)", "unanswered": "\(unanswered)",
                ])
            return
        }
        logger.notice("Stopped")
    }

    private func metadata(_ change: ChangeEntry, _ record: NumberRecord, _ outcome: Outcome) -> Logger.Metadata {
        var metadata = metadata(change)
        metadata["belief"] = "\(record.belief.elements.joined(separator: ","))"
        metadata["outcome"] = "\(outcome.verdict.rawValue)"
        return metadata
    }

    private func metadata(_ change: ChangeEntry) -> Logger.Metadata {
        var metadata: Logger.Metadata = [
            "change": "\(change.id)", "number": "\(change.number)", "action": "\(change.action.rawValue)",
            "reason": "\(change.reason.rawValue)",
        ]
        if let generation = change.generation { metadata["generation"] = "\(generation)" }
        return metadata
    }
}
