import Planning

/// Requests and answers on the control socket, as JSON with snake_case keys.
public enum ControlMessage {
    /// `POST /v1/pin-reveals`: record that a number's PINs are about to be revealed. Nothing is shown before that.
    public struct PINReveal: Codable, Sendable {
        /// The store that the caller reads; the daemon refuses for another one.
        public var stateDirectory: String
        public var number: String
        public var generations: [Int]
        /// The reason in the caller's words.
        public var reason: String
        /// The user in front of the terminal, as the caller sees it: `sudo` keeps it, the socket does not.
        public var onBehalfOf: String?
        /// The terminal in front of that user, as the caller sees it; nil for none.
        public var terminal: String?

        public init(
            stateDirectory: String, number: String, generations: [Int], reason: String, onBehalfOf: String?,
            terminal: String? = nil
        ) {
            self.stateDirectory = stateDirectory
            self.number = number
            self.generations = generations
            self.reason = reason
            self.onBehalfOf = onBehalfOf
            self.terminal = terminal
        }
    }

    /// `POST /v1/accept`: adopt the desired state that is held.
    public struct Accept: Codable, Sendable {
        /// The beginning of the SHA-256 of its file.
        public var revision: String
        /// The user in front of the terminal, as the caller sees it.
        public var onBehalfOf: String?

        public init(revision: String, onBehalfOf: String?) {
            self.revision = revision
            self.onBehalfOf = onBehalfOf
        }
    }

    /// `POST /v1/orders`: pause, resume, and unscheduled work.
    public struct OrderRequest: Codable, Sendable {
        /// The kind of an order.
        public enum Kind: String, Codable, Sendable, CaseIterable {
            case pause
            case resume
            case rotate
            case reapply
            case reset
        }

        public var kind: Kind
        /// Numbers (E.164) or labels; nil for all.
        public var numbers: [String]?
        /// The reason in the operator's words.
        public var reason: String?
        /// True when a pause leaves even exposed numbers as they are.
        public var evenExposed: Bool
        /// The user in front of the terminal, as the caller sees it.
        public var onBehalfOf: String?

        public init(kind: Kind, numbers: [String]?, reason: String?, evenExposed: Bool = false, onBehalfOf: String?) {
            self.kind = kind
            self.numbers = numbers
            self.reason = reason
            self.evenExposed = evenExposed
            self.onBehalfOf = onBehalfOf
        }
    }

    /// `POST /v1/observations`: observations that people or programs report.
    public struct ObservationReport: Codable, Sendable {
        /// One observation of one number.
        public struct Item: Codable, Sendable {
            /// The state or change that is reported.
            public enum Kind: String, Codable, Sendable, CaseIterable {
                case off
                case on
                case pinChanged = "pin_changed"
                /// A person asked WhatsApp to disable verification: nothing has changed yet.
                case disableRequested = "disable_requested"
            }

            /// The number (E.164) or label.
            public var number: String
            public var kind: Kind
            /// Source of the report, as the caller names it.
            public var source: String

            public init(number: String, kind: Kind, source: String) {
                self.number = number
                self.kind = kind
                self.source = source
            }
        }

        /// The limit of observations in one request.
        public static let maxItems = 100
        /// The length to which a source is cut, in Unicode scalars.
        public static let maxSourceLength = 200

        /// The observations, in the order in which they are carried out.
        public var items: [Item]
        /// The user in front of the terminal, as the caller sees it.
        public var onBehalfOf: String?

        public init(items: [Item], onBehalfOf: String?) {
            self.items = items
            self.onBehalfOf = onBehalfOf
        }
    }

    /// The answer to every request.
    public struct Answer: Codable, Sendable {
        public var version = 1
        public var done: Bool
        /// The failure, or what was done, in words.
        public var message: String
        /// The exit code for the command when the request was not carried out.
        public var exitCode: Int32
        /// The daemon's instant of an order, RFC 3339: work that follows from the order is later.
        public var at: String?

        public init(done: Bool, message: String, exitCode: Int32 = 1, at: String? = nil) {
            self.done = done
            self.message = message
            self.exitCode = exitCode
            self.at = at
        }
    }
}

/// An order and the actor who gave it.
struct ControlRequest: Sendable {
    let message: ControlMessage.OrderRequest
    let actor: String
}

extension ControlMessage.OrderRequest {
    func order(by actor: String, now: Instant) -> Order {
        switch kind {
        case .pause:
            .pause(
                Pause(
                    since: now, by: actor, reason: reason.map { ControlService.clean($0, 500) },
                    includesExposed: evenExposed))
        case .resume: .resume
        case .rotate: .rotate(before: now)
        case .reapply: .reapply
        case .reset: .reset
        }
    }
}

extension ControlMessage.OrderRequest.Kind {
    /// The event in the audit trail.
    var event: EventKind {
        switch self {
        case .pause: .paused
        case .resume: .resumed
        case .rotate: .rotationOrdered
        case .reapply: .reapplyOrdered
        case .reset: .resetOrdered
        }
    }

    /// The text that confirms the order, for people.
    var done: String {
        switch self {
        case .pause: "paused"
        case .resume: "resumed"
        case .rotate: "a new PIN is ordered for"
        case .reapply: "the desired state is sent again for"
        case .reset: "taken over again:"
        }
    }
}

extension ControlMessage.ObservationReport.Item.Kind {
    /// The observation that the report stands for; nil when it is only recorded.
    var observation: Observation.Kind? {
        switch self {
        case .off: .off
        case .on: .on
        case .pinChanged: .pinChanged
        case .disableRequested: nil
        }
    }

    /// The event in the audit trail.
    var event: EventKind {
        switch self {
        case .off, .on, .pinChanged: .observed
        case .disableRequested: .disableRequested
        }
    }

    /// The kind in words, for people.
    var words: String {
        switch self {
        case .off: "off"
        case .on: "on"
        case .pinChanged: "PIN changed"
        case .disableRequested: "disabling requested"
        }
    }
}
