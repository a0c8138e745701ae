import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// The vendors over real HTTP on loopback, with all semantics, all faults, and the true states for tests.
///
/// `POST /api/v2/two-step-verification` is Picky Assist's API, `/v25.0/ID` is WhatsApp's Cloud API. Paths under
/// `/_sim/` read and control the simulation (see `SimulationControl`).
public final class SimulatedVendor: Sendable {
    /// The path of Picky Assist's API.
    public static let path = PickyAssistAPI.path

    /// One value for each vendor.
    static let apis: [any SimulatedAPI] = [PickyAssistAPI(), WhatsAppAPI()]

    /// The options of a simulation.
    public struct Options: Sendable {
        public var semantics = VendorSemantics()
        /// The numbers that Picky Assist serves.
        public var tokens: [SimulatedToken] = []
        /// The numbers that WhatsApp's API serves, including those of Picky Assist that have an ID.
        public var numbers: [SimulatedNumber] = []
        /// The probability of each fault; their sum is at most 1.
        public var faults: [Fault: Double] = [:]
        /// True to register an unknown token or ID, as off, instead of refusing it.
        public var registersUnknownTokens = false
        public var seed: UInt64 = 1
        /// The time from a request to its late effect.
        public var lateDelay: Duration = .milliseconds(500)
        /// The delay of a slow answer.
        public var slowDelay: Duration = .milliseconds(300)
        /// The time for which ``Fault/refuseConnection`` refuses connections.
        public var refusalTime: Duration = .milliseconds(200)
        /// The `Retry-After` of ``Fault/tooManyRequests``, in whole seconds.
        public var retryAfter: Duration = .seconds(1)
        /// The statuses that ``Fault/statusAfter`` draws from: those that proxies send for requests that were carried
        /// out.
        public var statusesAfter = [400, 402, 403, 406, 408, 409, 410, 412, 425, 451, 499]

        public init() {}
    }

    struct State {
        var model: VendorModel
        /// The faults of requests, separate from those of observations, so that observations do not change any
        /// request's fault.
        var faults: FaultSource
        var lookFaults: FaultSource
        var statuses: SeededGenerator
        var requests = RequestLog()
        var looks = RequestLog()
        var channels: [ObjectIdentifier: any Channel] = [:]
        var listener: (any Channel)?
        var port = 0
        var isStopped = false
        var outages = 0

        /// Records a request, and returns its number and the fault that it meets.
        mutating func record(
            _ head: HTTPRequestHead, _ body: Data, _ request: VendorModel.Request?
        ) -> (number: Int, fault: Fault?) {
            let isLook = request?.isLook ?? false
            let fault = isLook ? lookFaults.next(name: request?.name) : faults.next(name: request?.name)
            model.counters.count(isLook: isLook, fault: fault)
            let now = ContinuousClock.now
            let number =
                isLook
                ? looks.append(head, body, request, fault, at: now)
                : requests.append(head, body, request, fault, at: now)
            return (number, fault)
        }

        mutating func nextStatus(of all: [Int]) -> HTTPResponseStatus {
            HTTPResponseStatus(statusCode: all.randomElement(using: &statuses) ?? 408)
        }

        /// Carries a request out, and records the verdict.
        mutating func carryOut(_ request: VendorModel.Request, number: Int) -> VendorModel.Verdict {
            let verdict = model.carryOut(request)
            if request.isLook { looks.record(verdict, of: number) } else { requests.record(verdict, of: number) }
            return verdict
        }
    }

    let options: Options
    let state: Mutex<State>
    let group: MultiThreadedEventLoopGroup
    private let host = "127.0.0.1"

    /// Creates a vendor that listens on loopback; port 0 is any free one.
    public init(_ options: Options = Options(), port: Int = 0) async throws {
        guard FaultSource.areProbabilities(options.faults) else {
            throw SimulationError.sumOfProbabilities(options.faults.values.reduce(0, +))
        }
        precondition(!options.statusesAfter.isEmpty, "a status is drawn from them")
        self.options = options
        var faults = FaultSource(seed: options.seed)
        faults.setProbabilities(options.faults)
        var model = VendorModel(semantics: options.semantics, tokens: options.tokens)
        model.registersUnknownTokens = options.registersUnknownTokens
        try model.set(options.numbers)
        var lookFaults = FaultSource(seed: ~options.seed)
        lookFaults.setProbabilities(options.faults)
        state = Mutex(
            State(
                model: model, faults: faults, lookFaults: lookFaults,
                statuses: SeededGenerator(seed: options.seed)))
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            try await listen(on: port).get()
        } catch {
            try await group.shutdownGracefully()
            throw SimulationError.address("\(error)")
        }
    }

    /// Stops listening and closes every connection. Late requests that have not taken effect never do.
    public func stop() async throws {
        let channels = state.withLock { state in
            state.isStopped = true
            return Array(state.channels.values) + [state.listener].compactMap { $0 }
        }
        for channel in channels { channel.close(promise: nil) }
        try await group.shutdownGracefully()
    }

    /// The URL of Picky Assist's API.
    public var url: String { "http://\(host):\(port)\(Self.path)" }
    /// The URL of WhatsApp's API, before a number's ID.
    public var whatsappURL: String { "http://\(host):\(port)\(WhatsAppAPI.base)" }
    /// The port, also during an outage.
    public var port: Int { state.withLock { $0.port } }

    /// The true state of every number, by its Picky Assist token or else by its ID.
    public var truth: [String: VendorState] { state.withLock { $0.model.states } }
    /// The counts of requests, by kind.
    public var counters: VendorModel.Counters { state.withLock { $0.model.counters } }
    /// The requests received, without observations, oldest first, bounded.
    public var requests: [Recorded] { state.withLock { $0.requests.entries } }
    /// The observations received, oldest first, bounded.
    public var looks: [Recorded] { state.withLock { $0.looks.entries } }

    /// Sets the probability of each fault, for requests and for observations; faults that are left out do not happen.
    public func setFaults(_ probabilities: [Fault: Double]) {
        state.withLock { state in
            state.faults.setProbabilities(probabilities)
            state.lookFaults.setProbabilities(probabilities)
        }
    }

    /// Sets the probability of each fault for observations alone.
    public func setLookFaults(_ probabilities: [Fault: Double]) {
        state.withLock { $0.lookFaults.setProbabilities(probabilities) }
    }

    /// Sets every fault to `probability`, or to an equal share of 1 if that is less.
    public func setEveryFault(_ probability: Double) { setFaults(Fault.every(probability)) }

    /// Scripts the faults of the next requests, or of the next that name this token or ID, one each; nil is a healthy
    /// request.
    public func script(_ faults: [Fault?], token: String? = nil) {
        state.withLock { $0.faults.append(faults, name: token) }
    }

    /// Scripts the faults of the next observations, or of the next of one ID, one each; nil is a healthy observation.
    public func scriptLooks(_ faults: [Fault?], id: String? = nil) {
        state.withLock { $0.lookFaults.append(faults, name: id) }
    }

    /// Changes the behaviour that the vendor's documentation leaves open.
    public func setSemantics(_ semantics: VendorSemantics) { state.withLock { $0.model.semantics = semantics } }

    /// Registers a token, or sets its true state without a request.
    public func set(_ token: SimulatedToken) { state.withLock { $0.model.set(token) } }

    /// Registers IDs, or sets their tokens and true states: all of them, or none when one is invalid.
    public func set(_ numbers: [SimulatedNumber]) throws(SimulationError) {
        try change { (state) throws(SimulationError) in try state.model.set(numbers) }
    }

    /// Turns verification of a number off, or changes its PIN, as a stranger does, without a request of ours.
    ///
    /// - Parameters:
    ///   - name: the number's Picky Assist token, or its ID.
    ///   - state: off, or on with the stranger's PIN.
    public func stranger(sets name: String, to state: VendorState) throws(SimulationError) {
        try change { (inner) throws(SimulationError) in try inner.model.stranger(sets: name, to: state) }
    }

    /// Starts or ends a lag of observers: observations show the state that all numbers had at the start of it.
    public func freezeLooks(_ isFrozen: Bool) { state.withLock { $0.model.freezeLooks(isFrozen) } }

    /// Blocks exactly the numbers that these tokens and IDs name: each of their requests is refused with 133016.
    public func block(_ names: [String]) throws(SimulationError) {
        try change { (state) throws(SimulationError) in try state.model.block(names) }
    }

    /// Sets the limit that every request to WhatsApp's API meets; nil for none.
    public func setAppLimit(_ limit: VendorModel.AppLimit?) { state.withLock { $0.model.appLimit = limit } }

    private func change(_ body: (inout State) throws(SimulationError) -> Void) throws(SimulationError) {
        try state.withLock { (state) throws(SimulationError) in try body(&state) }
    }

    func listen(on port: Int) -> EventLoopFuture<Void> {
        ServerBootstrap(group: group)
            .serverChannelOption(ChannelOptions.backlog, value: 256)
            .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    var framing = HTTPResponseEncoder.Configuration()
                    // `Wire` decides how each answer ends.
                    framing.automaticallySetFramingHeaders = false
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                        withPipeliningAssistance: true, withEncoderConfiguration: framing)
                    try channel.pipeline.syncOperations.addHandler(RequestHandler(vendor: self))
                }
            }
            .bind(host: host, port: port)
            .map { listener in
                let isLate = self.state.withLock { state in
                    state.port = listener.localAddress?.port ?? port
                    guard !state.isStopped, state.outages == 0 else { return true }
                    state.listener = listener
                    return false
                }
                if isLate { listener.close(promise: nil) }
            }
    }
}

extension Duration {
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}

extension SimulatedVendor {
    /// Refuses all connections for `time`.
    public func outage(for time: Duration) {
        beginOutage()
        group.any().scheduleTask(in: .milliseconds(time.milliseconds)) { self.endOutage() }
    }

    /// Begins an outage: closes the listener and every connection, and refuses new ones.
    public func beginOutage() {
        let channels = state.withLock { state -> [any Channel] in
            state.outages += 1
            defer { state.listener = nil }
            return Array(state.channels.values) + [state.listener].compactMap { $0 }
        }
        for channel in channels { channel.close(promise: nil) }
    }

    /// Ends an outage: listens again, on the same port, when no other outage is in progress.
    public func endOutage() {
        state.withLock { $0.outages = max(0, $0.outages - 1) }
        reopen()
    }

    private func reopen() {
        let port = state.withLock { state in
            state.outages == 0 && state.listener == nil && !state.isStopped ? state.port : nil
        }
        guard let port else { return }
        listen(on: port).whenFailure { _ in
            // The port is still closing, or another outage has just ended: retried until it is open or the vendor
            // stopped.
            self.group.any().scheduleTask(in: .milliseconds(20)) { self.reopen() }
        }
    }
}

/// The errors in a simulation's options.
public enum SimulationError: Error, Hashable, CustomStringConvertible {
    case semantics(String)
    case state(String)
    case token(String)
    case number(String)
    case unknown(String)
    case taken(String)
    case limit(Int)
    case fault(String)
    case probability(String)
    case sumOfProbabilities(Double)
    case address(String)

    public var description: String {
        switch self {
        case .semantics(let text):
            "'\(text)' is not a semantics: write replace, ignore or refuse, a comma, and accept, refuse or "
                + "never, such as replace,accept"
        case .state(let text): "'\(text)' is not a state: write off, or foreign:123456 with six digits"
        case .token(let text): "'\(text)' is not a token: write TOKEN, TOKEN=off or TOKEN=foreign:123456"
        case .number(let text):
            "'\(text)' is not a number of WhatsApp's API: write ID=TOKEN, ID=TOKEN=foreign:123456 or "
                + "ID=TOKEN=of:PICKY-ASSIST-TOKEN, with an ID of 1 to 19 digits, and +15550100001 after it if wanted"
        case .unknown(let text): "no number has the token or id '\(text)': add a number with it first"
        case .taken(let text): "'\(text)' is a Picky Assist token already: choose another id"
        case .limit(let code):
            "\(code) is not a limit: write one of "
                + VendorModel.AppLimit.allCases.map { String($0.rawValue) }.joined(separator: ", ") + ", or null"
        case .fault(let text):
            "'\(text)' is not a fault: write one of " + Fault.allCases.map(\.rawValue).joined(separator: ", ")
        case .probability(let text): "'\(text)' is not a probability: write a number from 0 to 1"
        case .sumOfProbabilities(let sum):
            "the probabilities of all faults add up to \(sum): one request meets one fault, so 1 is the most"
        case .address(let text):
            "cannot listen: \(text); choose another port, or 0 for any free one"
        }
    }
}
