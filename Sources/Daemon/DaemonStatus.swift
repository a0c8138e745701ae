import Planning
import Reconciler

/// The daemon's state as one line for `systemctl status`: problems first, then the state in force.
///
/// The status is kept from one report to the next, so that the line always covers everything known: an endpoint that
/// answers again must not hide that the file is invalid.
struct DaemonStatus {
    /// True once the desired state was read, valid or not.
    var isReady = false
    /// True when the desired state, as it was read last, is valid.
    var isValid = false
    /// The revision in force; nil for none.
    var revision: Int?
    private var held: HeldState?
    /// The reason why the store does not work; nil when it does.
    private var storeProblem: String?
    private var down: Set<Account> = []
    /// Servers of the daemon that do not run, and the reasons.
    var servers: [String] = []

    /// The text of the line while the file is not valid.
    var invalid: String { "the desired state is not valid; \(StateInForce.stays(revision))" }

    /// The status line. It names no number, no token and no PIN.
    var line: String {
        if let storeProblem { return "the store is failing, nothing is sent: \(storeProblem)" }
        var parts: [String] = []
        if !isValid {
            parts.append(invalid)
        } else if let held {
            parts.append(
                "the desired state is held: \(held.reason); to accept it anyway: "
                    + "twostepd accept \(held.sha256.prefix(12))")
        } else {
            parts.append(revision.map { "revision \($0) is in force" } ?? "ready")
        }
        parts += down.map(\.text).sorted().map { "endpoint \($0) is down: it is probed" }
        parts += servers
        return parts.joined(separator: "; ")
    }

    /// Updates the status with a report.
    ///
    /// - Returns: true when the line may have changed.
    mutating func handle(_ report: EngineReport) -> Bool {
        switch report {
        case .desiredState(.adopted(let adoption)):
            revision = adoption.revision
            held = nil
        case .desiredState(.held(let state)): held = state
        case .guardChanged(.endpointDown(let endpoint, _)): down.insert(endpoint)
        case .guardChanged(.endpointUp(let endpoint, _)): down.remove(endpoint)
        case .store(.failed(let message, _)): storeProblem = message
        case .store(.recovered): storeProblem = nil
        case .number, .desiredState(.kept), .desiredState(.failed), .desiredState(.leftExposed), .orderEnded,
            .guardChanged(.exposureReduced), .guardChanged(.exposurePermitted), .guardChanged(.endpointLimited),
            .guardChanged(.stopping), .guardChanged(.clockBehind), .guardChanged(.disableRefused),
            .guardChanged(.disableAccepted),
            .guardChanged(.clockRight), .stopped:
            return false
        }
        return true
    }
}
