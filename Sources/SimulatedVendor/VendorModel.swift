/// The vendors without the network: numbers, their true state, and what a request does to it.
///
/// A number has one key: its Picky Assist token, or where it has none its id at WhatsApp's API.
public struct VendorModel: Sendable {
    /// What was done with a request, whatever bytes each API answers it with.
    public enum Verdict: Hashable, Sendable {
        case success
        /// A look, and what it found.
        case seen(Look)
        /// The token is unknown, or is not this number's.
        case authenticationFailed
        /// The token is known, and no number has the id.
        case unknownNumber
        case notReachable
        case cannotDisable
        case badRequest
        case serviceUnavailable
        case alreadyOff
        case alreadyOn
        /// The number is blocked for hours after too many attempts.
        case tooManyAttempts
        /// Requests are limited, of this number or of all.
        case limited(AppLimit)
    }

    /// What a look at a number found, as far as it was asked for.
    public struct Look: Hashable, Sendable {
        public let id: String
        public let isEnabled: Bool?
        public let number: String?
    }

    /// The limits of an app of WhatsApp's API; the raw values are the codes of its errors.
    public enum AppLimit: Int, Hashable, Sendable, CaseIterable {
        /// The app has made too many calls; HTTP 400.
        case calls = 4
        /// Requests come too fast; HTTP 429.
        case rate = 130_429
    }

    /// What the vendor has seen and done.
    public struct Counters: Codable, Hashable, Sendable {
        /// Requests that came in, without looks.
        public var requests = 0
        /// Looks that came in.
        public var looks = 0
        /// Requests that changed something.
        public var applied = 0
        /// Enables that were accepted and ignored.
        public var ignored = 0
        /// Requests that were refused.
        public var refused = 0
        /// Requests and looks that met a fault.
        public var faults = 0
        /// Requests that landed late.
        public var landedLate = 0
        /// Changes that strangers made, without a request.
        public var strangers = 0
        /// The most numbers that were off at once, since the start.
        public var mostOff = 0

        mutating func count(isLook: Bool, fault: Fault?) {
            if isLook { looks += 1 } else { requests += 1 }
            if fault != nil { faults += 1 }
        }
    }

    /// What Picky Assist does where its documentation is silent.
    public var semantics: VendorSemantics
    /// Whether a token or id never seen before becomes known, as off, instead of being refused. Any token may then change
    /// and see the numbers of WhatsApp's API.
    public var registersUnknownTokens = false
    /// The limit that all requests to WhatsApp's API meet.
    public var appLimit: AppLimit?
    /// The true state of every number, by its key.
    public private(set) var states: [String: VendorState] = [:]
    /// What looks show in place of the true states; nil when they do not lag behind.
    private var lookedAt: [String: VendorState]?
    public var counters = Counters()
    private var numbers: [String: SimulatedNumber] = [:]
    private var blocked: Set<String> = []
    private var late: [Int: Request] = [:]
    private var lastLate = 0
    private var offCount = 0

    /// A vendor that knows `tokens`, each in its state.
    public init(semantics: VendorSemantics, tokens: [SimulatedToken]) {
        self.semantics = semantics
        for token in tokens { set(token) }
    }

    /// How many requests will land late, by the number's key.
    public var pending: [String: Int] { late.values.reduce(into: [:]) { $0[key(of: $1), default: 0] += 1 } }

    /// Whether a key is the id of a number that WhatsApp's API alone serves.
    func isID(_ key: String) -> Bool { numbers[key].map { $0.pickyAssistToken == nil } ?? false }

    /// Makes a token known, or sets its state.
    public mutating func set(_ token: SimulatedToken) { change(token.token, to: token.state) }

    /// Makes ids known, or sets their tokens and states: all of them or, when one cannot be, none.
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

    /// Blocks exactly the numbers that these tokens and ids name, at every API.
    public mutating func block(_ names: [String]) throws(SimulationError) {
        var keys: Set<String> = []
        for name in names { keys.insert(try key(named: name)) }
        blocked = keys
    }

    /// Sets the true state of the number that a token or an id names as a stranger does: without a request of ours.
    public mutating func stranger(sets name: String, to state: VendorState) throws(SimulationError) {
        change(try key(named: name), to: state)
        counters.strangers += 1
    }

    /// Freezes what read requests show at the present state of all numbers, or ends that.
    public mutating func freezeLooks(_ isFrozen: Bool) { lookedAt = isFrozen ? states : nil }

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

    /// The key of the number that a token or an id names.
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
    /// A request as it was read from the wire.
    public enum Request: Hashable, Sendable {
        /// Picky Assist's enable.
        case enable(token: String, pin: String)
        /// Picky Assist's disable.
        case disable(token: String)
        /// Sets the PIN of a number of WhatsApp's API, whatever it was; without a PIN it is malformed.
        case setPIN(id: String, token: String, pin: String?)
        /// Looks at a number of WhatsApp's API; without fields it is malformed.
        case look(id: String, token: String, fields: Set<LookField>?)

        /// Whether it is an enable, at either API.
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

        /// What names the number in this request: a Picky Assist token, or an id.
        public var name: String {
            switch self {
            case .enable(let token, _), .disable(let token): token
            case .setPIN(let id, _, _), .look(let id, _, _): id
            }
        }
    }

    /// What can be asked of a number of WhatsApp's API, among other fields; the raw values are its names for them.
    public enum LookField: String, Hashable, Sendable, CaseIterable {
        case id
        case isPINEnabled = "is_pin_enabled"
        case displayPhoneNumber = "display_phone_number"
    }

    /// Carries a request out.
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

    /// The state of the number that a Picky Assist token names.
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

    /// Why WhatsApp's API does not look at a request any further: it judges the token first, then the limit, then the id.
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
