/// The vendors without the network: numbers, their true states, and the effects of requests on them.
///
/// A number has one key: its Picky Assist token, or else its ID at WhatsApp's API.
public struct VendorModel: Sendable {
    /// The verdict on a request, independent of the bytes with which each API answers.
    public enum Verdict: Hashable, Sendable {
        case success
        /// An observation, with its result.
        case seen(Look)
        /// The token is unknown, or belongs to another number.
        case authenticationFailed
        /// The token is known, and no number has the ID.
        case unknownNumber
        case notReachable
        case cannotDisable
        case badRequest
        case serviceUnavailable
        case alreadyOff
        case alreadyOn
        /// The number is blocked for hours after too many attempts.
        case tooManyAttempts
        /// The rate limit of this number, or of all, is reached.
        case limited(AppLimit)
    }

    /// The result of an observation, with the requested fields only.
    public struct Look: Hashable, Sendable {
        public let id: String
        public let isEnabled: Bool?
        public let number: String?
    }

    /// The rate limits of an app of WhatsApp's API; the raw values are the codes of its errors.
    public enum AppLimit: Int, Hashable, Sendable, CaseIterable {
        /// The app has made too many calls; HTTP 400.
        case calls = 4
        /// The app sends requests too fast; HTTP 429.
        case rate = 130_429
    }

    /// The counts of the vendor's requests and effects.
    public struct Counters: Codable, Hashable, Sendable {
        /// Requests received, without observations.
        public var requests = 0
        /// Observations received.
        public var looks = 0
        /// Requests that changed something.
        public var applied = 0
        /// Enables that were accepted and ignored.
        public var ignored = 0
        /// Requests that were refused.
        public var refused = 0
        /// Requests and observations that met a fault.
        public var faults = 0
        /// Requests that took effect late.
        public var landedLate = 0
        /// Changes that strangers made, without a request.
        public var strangers = 0
        /// The maximum count of numbers that were off at once, since the start.
        public var mostOff = 0

        mutating func count(isLook: Bool, fault: Fault?) {
            if isLook { looks += 1 } else { requests += 1 }
            if fault != nil { faults += 1 }
        }
    }

    /// Picky Assist's behaviour that its documentation leaves open.
    public var semantics: VendorSemantics
    /// True to register an unknown token or ID, as off, instead of refusing it. Any token may then change and observe
    /// the numbers of WhatsApp's API.
    public var registersUnknownTokens = false
    /// The limit that all requests to WhatsApp's API meet; nil for none.
    public var appLimit: AppLimit?
    /// The true state of every number, by its key.
    public private(set) var states: [String: VendorState] = [:]
    /// The states that observations show in place of the true ones; nil when observations do not lag.
    private var lookedAt: [String: VendorState]?
    public var counters = Counters()
    private var numbers: [String: SimulatedNumber] = [:]
    private var blocked: Set<String> = []
    private var late: [Int: Request] = [:]
    private var lastLate = 0
    private var offCount = 0

    /// Creates a vendor that knows `tokens`, each in its state.
    public init(semantics: VendorSemantics, tokens: [SimulatedToken]) {
        self.semantics = semantics
        for token in tokens { set(token) }
    }

    /// The counts of requests that will take effect late, by the number's key.
    public var pending: [String: Int] { late.values.reduce(into: [:]) { $0[key(of: $1), default: 0] += 1 } }

    /// Returns whether a key is the ID of a number that WhatsApp's API alone serves.
    func isID(_ key: String) -> Bool { numbers[key].map { $0.pickyAssistToken == nil } ?? false }

    /// Registers a token, or sets its state.
    public mutating func set(_ token: SimulatedToken) { change(token.token, to: token.state) }

    /// Registers IDs, or sets their tokens and states: all of them, or none when one is invalid.
    public mutating func set(_ wanted: [SimulatedNumber]) throws(SimulationError) {
        for case let token? in wanted.map(\.pickyAssistToken) where states[token] == nil || isID(token) {
            throw .unknown(token)
        }
        if let taken = wanted.first(where: { numbers[$0.id] == nil && states[$0.id] != nil }) { throw .taken(taken.id) }
        for number in wanted {
            if number.pickyAssistToken != nil, isID(number.id) { change(number.id, to: nil) }
            numbers[number.id] = number
            if number.pickyAssistToken == nil { change(number.id, to: number.state) }
        }
    }

    /// Blocks exactly the numbers that these tokens and IDs name, at every API.
    public mutating func block(_ names: [String]) throws(SimulationError) {
        var keys: Set<String> = []
        for name in names { keys.insert(try key(named: name)) }
        blocked = keys
    }

    /// Sets the true state of the number that a token or an ID names as a stranger does, without a request of ours.
    public mutating func stranger(sets name: String, to state: VendorState) throws(SimulationError) {
        change(try key(named: name), to: state)
        counters.strangers += 1
    }

    /// Starts or ends a lag of observers: observations show the state that all numbers had at the start of it.
    public mutating func freezeLooks(_ isFrozen: Bool) { lookedAt = isFrozen ? states : nil }

    /// Stores a request that will take effect later, and returns a number for it.
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

    /// Returns the key of the number that a token or an ID names.
    private func key(named name: String) throws(SimulationError) -> String {
        if states[name] != nil { return name }
        guard let key = numbers[name]?.pickyAssistToken else { throw .unknown(name) }
        return key
    }

    private func key(of request: Request) -> String { numbers[request.name]?.pickyAssistToken ?? request.name }

    private mutating func change(_ key: String, to state: VendorState?) {
        if states[key] == .off { offCount -= 1 }
        if state == .off { offCount += 1 }
        states[key] = state
        counters.mostOff = max(counters.mostOff, offCount)
    }
}

// MARK: - Carrying out

extension VendorModel {
    /// A request as parsed from its bytes.
    public enum Request: Hashable, Sendable {
        /// Picky Assist's enable.
        case enable(token: String, pin: String)
        /// Picky Assist's disable.
        case disable(token: String)
        /// The request that sets the PIN of a number of WhatsApp's API, over any earlier PIN; without a PIN it is
        /// malformed.
        case setPIN(id: String, token: String, pin: String?)
        /// The observation of a number of WhatsApp's API; without fields it is malformed.
        case look(id: String, token: String, fields: Set<LookField>?)

        /// True for an enable, at either API.
        public var setsPIN: Bool {
            switch self {
            case .enable, .setPIN: true
            case .disable, .look: false
            }
        }

        var disables: Bool {
            if case .disable = self { true } else { false }
        }

        var isLook: Bool {
            if case .look = self { true } else { false }
        }

        /// The name of the number in this request: a Picky Assist token, or an ID.
        public var name: String {
            switch self {
            case .enable(let token, _), .disable(let token): token
            case .setPIN(let id, _, _), .look(let id, _, _): id
            }
        }
    }

    /// The fields of a number that WhatsApp's API can return here; the raw values are the API's names.
    public enum LookField: String, Hashable, Sendable, CaseIterable {
        case id
        case isPINEnabled = "is_pin_enabled"
        case displayPhoneNumber = "display_phone_number"
    }

    /// Carries a request out, and returns the verdict.
    public mutating func carryOut(_ request: Request) -> Verdict {
        let verdict =
            switch request {
            case .enable(let token, let pin): enable(token, pin)
            case .disable(let token): disable(token)
            case .setPIN(let id, let token, let pin): setPIN(id, token, pin)
            case .look(let id, let token, let fields): look(id, token, fields)
            }
        switch verdict {
        case .success, .seen: break
        case .authenticationFailed, .unknownNumber, .notReachable, .cannotDisable, .badRequest, .serviceUnavailable,
            .alreadyOff, .alreadyOn, .tooManyAttempts, .limited:
            counters.refused += 1
        }
        return verdict
    }

    private mutating func enable(_ token: String, _ pin: String) -> Verdict {
        guard let state = state(of: token) else { return .authenticationFailed }
        guard !blocked.contains(token) else { return .tooManyAttempts }
        switch (state, semantics.enableWhenOn) {
        case (.off, _), (.on, .replace): return apply(.on(pin: pin), to: token)
        case (.on, .ignore):
            counters.ignored += 1
            return .success
        case (.on, .refuse): return .alreadyOn
        }
    }

    private mutating func disable(_ token: String) -> Verdict {
        guard let state = state(of: token) else { return .authenticationFailed }
        guard !blocked.contains(token) else { return .tooManyAttempts }
        switch (state, semantics.disableWhenOff) {
        case (_, .never): return .cannotDisable
        case (.off, .accept): return .success
        case (.off, .refuse): return .alreadyOff
        case (.on, .accept), (.on, .refuse): return apply(.off, to: token)
        }
    }

    /// Returns the state of the number that a Picky Assist token names.
    private mutating func state(of token: String) -> VendorState? {
        guard !isID(token) else { return nil }
        if states[token] == nil, registersUnknownTokens { change(token, to: .off) }
        return states[token]
    }

    private mutating func setPIN(_ id: String, _ token: String, _ pin: String?) -> Verdict {
        if let refusal = refusal(of: id, token) { return refusal }
        guard let pin else { return .badRequest }
        let key = numbers[id]?.pickyAssistToken ?? id
        return blocked.contains(key) ? .tooManyAttempts : apply(.on(pin: pin), to: key)
    }

    private mutating func look(_ id: String, _ token: String, _ fields: Set<LookField>?) -> Verdict {
        if let refusal = refusal(of: id, token) { return refusal }
        let key = numbers[id]?.pickyAssistToken ?? id
        guard let fields, let state = lookedAt?[key] ?? states[key] else { return .badRequest }
        return .seen(
            Look(
                id: id, isEnabled: fields.contains(.isPINEnabled) ? state != .off : nil,
                number: fields.contains(.displayPhoneNumber) ? numbers[id]?.number : nil))
    }

    /// Returns the verdict with which WhatsApp's API rejects a request; nil when it accepts it. It checks the token
    /// first, then the limit, then the ID.
    private mutating func refusal(of id: String, _ token: String) -> Verdict? {
        guard !token.isEmpty else { return .authenticationFailed }
        if !registersUnknownTokens {
            guard numbers[id].map({ $0.token == token }) ?? numbers.values.contains(where: { $0.token == token }) else {
                return .authenticationFailed
            }
        }
        if let appLimit { return .limited(appLimit) }
        if numbers[id] == nil {
            guard registersUnknownTokens, SimulatedNumber.isID(id), states[id] == nil else { return .unknownNumber }
            numbers[id] = SimulatedNumber(id: id, token: token)
            change(id, to: .off)
        }
        return nil
    }

    private mutating func apply(_ state: VendorState, to key: String) -> Verdict {
        change(key, to: state)
        counters.applied += 1
        return .success
    }
}
