import Daemon
import Planning

/// The reason for a number's condition, and its next action with the time: one line in words.
struct WhyText {
    let standing: NumberStatus
    let time: RelativeTime
    /// True when a process works on the store: without one nothing is sent.
    let isWorkedOn: Bool
    /// The request in flight, if there is one.
    var flight: ChangeEntry?

    private var record: NumberRecord { standing.record }

    /// The line, with the last error.
    var line: String {
        [explanation, record.lastError.map { "last error: \($0)" }].compactMap(\.self).joined(separator: "; ")
    }

    /// The line without the last error.
    var explanation: String {
        var parts: [String] = []
        if standing.condition == .exposed {
            parts.append("off \(record.cycle.map { time.length(since: $0.since) } ?? "as far as is known")")
        }
        switch standing.decision.withoutRoutine {
        case .observe: parts.append(standing.sentence)
        case .idle where standing.condition == .paused: parts.append(pause)
        case .idle(_, let because): parts += idle(because)
        case .send(let request, _): parts += sending(request)
        case .hold(let until, let because): parts += holding(until, because)
        }
        return parts.joined(separator: "; ")
    }

    // MARK: Nothing to send

    private func idle(_ because: DecisionReason) -> [String] {
        switch because {
        case .converged:
            ["as desired", record.reapplyRefusals.map { "the re-apply \($0.words)" }, upcoming].compactMap(\.self)
        case .unmanaged:
            ["not in the desired state: left alone, its PINs are kept"]
        case .awaitingSettlement:
            [
                "as desired, but an unanswered request may still take effect",
                standing.nextStep.at.map { "sent again \(time.phrase($0)), to be certain" },
            ].compactMap(\.self)
        default: [standing.sentence]
        }
    }

    /// The actions that fall due for a number that is as desired.
    private var upcoming: String {
        var due: [String] = []
        if let at = standing.nextStep.at, standing.nextStep.action == .reapply {
            due.append("re-applied \(time.phrase(at))")
        }
        if let at = standing.rotationAt { due.append("new PIN \(time.phrase(at))") }
        return due.isEmpty ? "nothing falls due" : due.joined(separator: ", ")
    }

    // MARK: Something to send

    private func sending(_ request: PlannedRequest) -> [String] {
        guard flight == nil else { return [standing.sentence, inFlight].compactMap(\.self) }
        let then = request.startsCycle ? ", then enable with a new PIN" : ""
        let what = "\(request.action.rawValue)\(then)"
        return [standing.sentence, isWorkedOn ? "next: \(what)" : "\(what) waits for `run` or `apply`"]
    }

    private var inFlight: String? {
        flight.map { "\($0.action.rawValue) was sent \(time.phrase($0.sentAt)), no answer yet" }
    }

    // MARK: Something to send, but not yet

    private func holding(_ until: Instant?, _ because: DecisionReason) -> [String] {
        let again = until.map { "\(what) is tried again \(time.phrase($0))" }
        let onward = until.map { "\(what) follows \(time.phrase($0))" }
        let parts: [String?] =
            switch because {
            case .backingOff: [failures, again]
            case .authenticationRefused, .balanceRefused: [standing.sentence, again]
            case .disableRefused: [standing.sentence, until.map { "tried again \(time.phrase($0))" }]
            case .exposureBudget: [because.sentence, "its turn comes when one of them is protected again"]
            case .endpointDown: [because.sentence, "this one follows then"]
            case .paused: [pause]
            case .operatorPINUnavailable:
                [
                    "the operator-owned PIN\(record.desired?.operatorPINName.map { " \"\($0)\"" } ?? "") cannot be read",
                    "add it to the secrets, then `twostepd reload`",
                ]
            case .clockBehind: [because.sentence, "correct the clock, or see `twostepd clock accept --help`"]
            default: [standing.sentence, onward]
            }
        return parts.compactMap(\.self)
    }

    private var what: String { standing.nextStep.action?.rawValue ?? "the request" }

    private var failures: String {
        switch record.attempts {
        case ...0: "waiting after a failure"
        case 1: "failed once"
        case 2: "failed twice in a row"
        default: "failed \(record.attempts) times in a row"
        }
    }

    private var pause: String {
        guard let pause = record.pause else { return "all numbers are paused: until `twostepd resume`" }
        let why = pause.reason.map { ": \($0)" } ?? ""
        return "paused \(time.phrase(pause.since)) by \(pause.by)\(why); until `twostepd resume \(record.number)`"
    }
}
