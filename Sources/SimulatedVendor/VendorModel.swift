public import Foundation

/// The vendor without the network: tokens, their true state, and what a request does to it.
public struct VendorModel: Sendable {
    /// What the vendor says, as its answer's body has it.
    public struct Verdict: Hashable, Sendable {
        public let status: Int
        public let message: String

        static let success = Verdict(status: 100, message: "Success")
        static let authenticationFailed = Verdict(status: 401, message: "Authentication failed")
        static let notReachable = Verdict(status: 404, message: "Device or channel not reachable")
        static let badRequest = Verdict(status: 400, message: "Bad request")
        static let serviceUnavailable = Verdict(status: 101, message: "Service unavailable")
        static let alreadyOff = Verdict(status: 405, message: "Two factor verification is not enabled")
        static let alreadyOn = Verdict(status: 406, message: "Two factor verification is already enabled")
    }

    /// What the vendor has seen and done.
    public struct Counters: Codable, Hashable, Sendable {
        /// Requests that came in.
        public var requests = 0
        /// Requests that changed something.
        public var applied = 0
        /// Enables that were accepted and ignored.
        public var ignored = 0
        /// Requests that were refused.
        public var refused = 0
        /// Requests that met a fault.
        public var faults = 0
        /// Requests that landed late.
        public var landedLate = 0
        /// The most tokens that were off at once, since the start.
        public var mostOff = 0
    }

    public var semantics: VendorSemantics
    /// Whether a token never seen before becomes known, as off, instead of being refused.
    public var registersUnknownTokens = false
    public private(set) var states: [String: VendorState] = [:]
    public var counters = Counters()
    private var late: [Int: Request] = [:]
    private var lastLate = 0
    private var offCount = 0

    /// A vendor that knows `tokens`, each in its state.
    public init(semantics: VendorSemantics, tokens: [SimulatedToken]) {
        self.semantics = semantics
        for token in tokens { set(token) }
    }

    /// How many requests will land late, by token.
    public var pending: [String: Int] { late.values.reduce(into: [:]) { $0[$1.token, default: 0] += 1 } }

    /// Makes a token known, or sets its state.
    public mutating func set(_ token: SimulatedToken) { change(token.token, to: token.state) }

    /// Carries a request out.
    public mutating func carryOut(_ request: Request) -> Verdict {
        if states[request.token] == nil, registersUnknownTokens { change(request.token, to: .off) }
        guard let state = states[request.token] else {
            counters.refused += 1
            return .authenticationFailed
        }
        switch (request.pin, state) {
        case (nil, .off):
            guard semantics.disableWhenOff == .refuse else { return .success }
            counters.refused += 1
            return .alreadyOff
        case (nil, .on):
            change(request.token, to: .off)
        case (let pin?, .off):
            change(request.token, to: .on(pin: pin))
        case (let pin?, .on):
            switch semantics.enableWhenOn {
            case .replace: change(request.token, to: .on(pin: pin))
            case .ignore:
                counters.ignored += 1
                return .success
            case .refuse:
                counters.refused += 1
                return .alreadyOn
            }
        }
        counters.applied += 1
        return .success
    }

    /// Keeps a request that will land later, and gives it a number.
    mutating func addLate(_ request: Request) -> Int {
        lastLate += 1
        late[lastLate] = request
        return lastLate
    }

    /// Carries a late request out, once.
    mutating func land(_ number: Int) {
        guard let request = late.removeValue(forKey: number) else { return }
        counters.landedLate += 1
        _ = carryOut(request)
    }

    private mutating func change(_ token: String, to state: VendorState) {
        if states[token] == .off { offCount -= 1 }
        if state == .off { offCount += 1 }
        states[token] = state
        counters.mostOff = max(counters.mostOff, offCount)
    }
}

extension VendorModel {
    /// A request as it was read from the wire.
    public struct Request: Hashable, Sendable {
        public let token: String
        /// The PIN of an enable; nil for a disable.
        public let pin: String?

        /// Reads a body strictly as documented; nil when it is not.
        ///
        /// The simulator must not forgive what the vendor might not.
        public init?(body: Data) {
            // Nil is the answer.
            guard let wire = try? JSONDecoder().decode(Wire.self, from: body) else { return nil }
            switch (wire.action, wire.pin) {
            case (0, let pin?) where SimulatedToken.isPIN(pin): self.init(token: wire.token, pin: pin)
            case (1, nil): self.init(token: wire.token, pin: nil)
            default: return nil
            }
        }

        init(token: String, pin: String?) {
            self.token = token
            self.pin = pin
        }
    }

    private struct Wire: Decodable {
        let token: String
        let action: Int
        let pin: String?
    }
}

/// A token and how its number begins.
public struct SimulatedToken: Hashable, Sendable {
    public let token: String
    public let state: VendorState

    public init(token: String, state: VendorState = .off) {
        self.token = token
        self.state = state
    }

    /// Reads `TOKEN`, `TOKEN=off` or `TOKEN=foreign:123456`.
    public init(parsing text: String) throws(SimulationError) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let token = parts.first, !token.isEmpty else { throw .token(text) }
        self.init(token: token, state: parts.count == 2 ? try VendorState(parsing: parts[1]) : .off)
    }

    static func isPIN(_ text: String) -> Bool {
        text.utf8.count == 6 && text.utf8.allSatisfy { (48...57).contains($0) }
    }
}
