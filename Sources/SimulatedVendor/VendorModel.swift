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
    }

    /// A request as it was read from the wire.
    public struct Request: Hashable, Sendable {
        public let token: String
        /// The PIN of an enable; nil for a disable.
        public let pin: String?

        /// Reads a body strictly as documented; nil when it is not.
        public init?(body: Data) {
            guard let object = try? JSONSerialization.jsonObject(with: body) as? [String: Any],  // Nil is the answer.
                let token = object["token"] as? String, let action = object["action"] as? Int
            else { return nil }
            switch action {
            case 0:
                guard let pin = object["pin"] as? String, SimulatedToken.isPIN(pin) else { return nil }
                self.init(token: token, pin: pin)
            case 1: self.init(token: token, pin: nil)
            default: return nil
            }
        }

        init(token: String, pin: String?) {
            self.token = token
            self.pin = pin
        }
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
    }

    public var semantics: VendorSemantics
    public private(set) var states: [String: VendorState] = [:]
    /// Requests that will land late, by token.
    public private(set) var pending: [String: Int] = [:]
    public var counters = Counters()

    public init(semantics: VendorSemantics, tokens: [SimulatedToken]) {
        self.semantics = semantics
        for token in tokens { states[token.token] = token.state }
    }

    /// Makes a token known, or sets its state.
    public mutating func set(_ token: SimulatedToken) { states[token.token] = token.state }

    /// Carries a request out.
    public mutating func carryOut(_ request: Request) -> Verdict {
        guard let state = states[request.token] else {
            counters.refused += 1
            return .authenticationFailed
        }
        switch (request.pin, state) {
        case (nil, .off):
            guard semantics.disableWhenOff == .refuse else { return .success }
            counters.refused += 1
            return Verdict(status: 405, message: "Two factor verification is not enabled")
        case (nil, .on):
            states[request.token] = .off
        case (let pin?, .off):
            states[request.token] = .on(pin: pin)
        case (let pin?, .on):
            switch semantics.enableWhenOn {
            case .replace: states[request.token] = .on(pin: pin)
            case .ignore:
                counters.ignored += 1
                return .success
            case .refuse:
                counters.refused += 1
                return Verdict(status: 406, message: "Two factor verification is already enabled")
            }
        }
        counters.applied += 1
        return .success
    }

    mutating func addPending(_ request: Request) { pending[request.token, default: 0] += 1 }

    mutating func land(_ request: Request) {
        pending[request.token, default: 1] -= 1
        counters.landedLate += 1
        _ = carryOut(request)
    }
}
