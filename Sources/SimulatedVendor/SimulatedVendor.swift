public import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// The vendor over real HTTP on loopback: every semantics, every fault, and the truth for whoever tests.
///
/// `POST /api/v2/two-step-verification` is the documented API. Paths under `/_sim/` look into the simulation and steer
/// it (see `SimulationControl`).
public final class SimulatedVendor: Sendable {
    /// The path of the documented API.
    public static let path = "/api/v2/two-step-verification"

    /// How a simulation behaves.
    public struct Options: Sendable {
        public var semantics = VendorSemantics()
        public var tokens: [SimulatedToken] = []
        /// The probability of each fault; their sum is at most 1.
        public var faults: [Fault: Double] = [:]
        /// Whether a token never seen before becomes known, as off, instead of being refused.
        public var registersUnknownTokens = false
        public var seed: UInt64 = 1
        /// How long after the request a late one lands.
        public var lateDelay: Duration = .milliseconds(500)
        /// How long a slow answer takes.
        public var slowDelay: Duration = .milliseconds(300)
        /// How long connections are refused by ``Fault/refuseConnection``.
        public var refusalTime: Duration = .milliseconds(200)
        /// What ``Fault/tooManyRequests`` asks for, in whole seconds.
        public var retryAfter: Duration = .seconds(1)

        public init() {}
    }

    /// One request as it came in.
    public struct Recorded: Sendable {
        /// Its place in the order of all requests, from 1.
        public let number: Int
        /// When it came in.
        public let at: ContinuousClock.Instant
        public let headers: [(name: String, value: String)]
        /// The body's bytes as they came.
        public let body: Data
        public let fault: Fault?
        /// What the vendor did with it; nil when it did nothing, or has yet to.
        public internal(set) var verdict: VendorModel.Verdict?
    }

    /// The most requests whose bytes are kept.
    public static let mostRecorded = 10_000

    struct State {
        var model: VendorModel
        var faults: FaultSource
        var recorded: [Recorded] = []
        var channels: [ObjectIdentifier: any Channel] = [:]
        var lastRecorded = 0
        var listener: (any Channel)?
        var port = 0
        var isStopped = false
        var outages = 0

        mutating func record(headers: [(name: String, value: String)], body: Data, fault: Fault?) {
            lastRecorded += 1
            if recorded.count == SimulatedVendor.mostRecorded { recorded.removeFirst() }
            recorded.append(
                Recorded(
                    number: lastRecorded, at: ContinuousClock.now, headers: headers, body: body, fault: fault))
        }

        /// Notes what the vendor did with a request, if that one is still kept.
        mutating func note(_ verdict: VendorModel.Verdict, of number: Int) {
            guard let first = recorded.first?.number, number >= first else { return }
            recorded[number - first].verdict = verdict
        }
    }

    let options: Options
    let state: Mutex<State>
    let group: MultiThreadedEventLoopGroup
    private let host = "127.0.0.1"

    /// Starts listening on loopback; port 0 is any free one.
    public init(_ options: Options = Options(), port: Int = 0) async throws {
        guard FaultSource.areProbabilities(options.faults) else {
            throw SimulationError.sumOfProbabilities(options.faults.values.reduce(0, +))
        }
        self.options = options
        var faults = FaultSource(seed: options.seed)
        faults.setProbabilities(options.faults)
        var model = VendorModel(semantics: options.semantics, tokens: options.tokens)
        model.registersUnknownTokens = options.registersUnknownTokens
        state = Mutex(State(model: model, faults: faults))
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            try await listen(on: port).get()
        } catch {
            try await group.shutdownGracefully()
            throw SimulationError.address("\(error)")
        }
    }

    /// Stops listening and closes every connection. Requests that would land late do not.
    public func stop() async throws {
        let channels = state.withLock { state in
            state.isStopped = true
            return Array(state.channels.values) + [state.listener].compactMap { $0 }
        }
        for channel in channels { channel.close(promise: nil) }
        try await group.shutdownGracefully()
    }

    /// The URL of the documented API.
    public var url: String { "http://\(host):\(port)\(Self.path)" }
    /// The port that is listened on, also while an outage goes on.
    public var port: Int { state.withLock { $0.port } }

    /// The true state of every token.
    public var truth: [String: VendorState] { state.withLock { $0.model.states } }
    /// What was answered, by kind.
    public var counters: VendorModel.Counters { state.withLock { $0.model.counters } }
    /// The requests that came in, oldest first, bounded.
    public var requests: [Recorded] { state.withLock { $0.recorded } }

    /// Sets the probability of each fault; those left out do not happen.
    public func setFaults(_ probabilities: [Fault: Double]) {
        state.withLock { $0.faults.setProbabilities(probabilities) }
    }

    /// Sets every fault to `probability`, or to as much as they can share.
    public func setEveryFault(_ probability: Double) { setFaults(Fault.every(probability)) }

    /// The next requests, or those of one token, meet these faults, one each; nil is a healthy request.
    public func script(_ faults: [Fault?], token: String? = nil) {
        state.withLock { $0.faults.append(faults, token: token) }
    }

    /// Changes what the vendor does where its documentation is silent.
    public func setSemantics(_ semantics: VendorSemantics) { state.withLock { $0.model.semantics = semantics } }

    /// Makes a token known, or sets its true state behind everybody's back.
    public func set(_ token: SimulatedToken) { state.withLock { $0.model.set(token) } }

    func listen(on port: Int) -> EventLoopFuture<Void> {
        ServerBootstrap(group: group)
            .serverChannelOption(ChannelOptions.backlog, value: 256)
            .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withPipeliningAssistance: true)
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

    /// Refuses all connections from now on: the listener and every connection are closed.
    public func beginOutage() {
        let channels = state.withLock { state -> [any Channel] in
            state.outages += 1
            defer { state.listener = nil }
            return Array(state.channels.values) + [state.listener].compactMap { $0 }
        }
        for channel in channels { channel.close(promise: nil) }
    }

    /// Listens again, on the same port, when no other outage goes on.
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
            // The port is still closing, or another outage has just ended: once more, until it is open or stopped.
            self.group.any().scheduleTask(in: .milliseconds(20)) { self.reopen() }
        }
    }
}

/// What is wrong with a simulation's options.
public enum SimulationError: Error, Hashable, CustomStringConvertible {
    case semantics(String)
    case state(String)
    case token(String)
    case fault(String)
    case probability(String)
    case sumOfProbabilities(Double)
    case address(String)

    public var description: String {
        switch self {
        case .semantics(let text):
            "'\(text)' is no semantics: write replace, ignore or refuse, a comma, and accept or refuse, such as "
                + "replace,accept"
        case .state(let text): "'\(text)' is no state: write off, or foreign:123456 with six digits"
        case .token(let text): "'\(text)' is no token: write TOKEN, TOKEN=off or TOKEN=foreign:123456"
        case .fault(let text):
            "'\(text)' is no fault: one of " + Fault.allCases.map(\.rawValue).joined(separator: ", ")
        case .probability(let text): "'\(text)' is no probability: write a number from 0 to 1"
        case .sumOfProbabilities(let sum):
            "the probabilities of all faults add up to \(sum): one request meets one fault, so make it 1 at most"
        case .address(let text):
            "cannot listen: \(text); choose another port, or 0 for any free one"
        }
    }
}
