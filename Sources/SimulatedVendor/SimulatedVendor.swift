public import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// The vendor over real HTTP on loopback: every semantics, every fault, and the truth for whoever tests.
///
/// `POST /api/v2/two-step-verification` is the documented API. Paths under `/_sim/` look into the simulation and steer
/// it (see ``SimulationControl``).
public final class SimulatedVendor: Sendable {
    /// The path of the documented API.
    public static let path = "/api/v2/two-step-verification"

    /// How a simulation behaves.
    public struct Options: Sendable {
        public var semantics = VendorSemantics()
        public var tokens: [SimulatedToken] = []
        /// The probability of each fault; their sum is at most 1.
        public var faults: [Fault: Double] = [:]
        public var seed: UInt64 = 1
        /// How long after the request a late one lands.
        public var lateDelay: Duration = .milliseconds(500)
        /// How long a slow answer takes.
        public var slowDelay: Duration = .milliseconds(300)
        /// How long connections are refused by ``Fault/refuseConnection``.
        public var refusalTime: Duration = .milliseconds(200)

        public init() {}
    }

    /// One request as it came in.
    public struct Recorded: Sendable {
        public let headers: [(name: String, value: String)]
        public let body: Data
        public let fault: Fault?
    }

    /// The most requests whose bytes are kept.
    public static let mostRecorded = 10_000

    struct State {
        var model: VendorModel
        var faults: FaultSource
        var recorded: [Recorded] = []
        var channels: [ObjectIdentifier: any Channel] = [:]
        var listener: (any Channel)?
        var port = 0
        var isStopped = false
        var outages = 0
    }

    let options: Options
    let state: Mutex<State>
    private let group: MultiThreadedEventLoopGroup
    private let host = "127.0.0.1"

    /// Starts listening on loopback.
    ///
    /// - Parameter port: 0 for any free port.
    public init(_ options: Options = Options(), port: Int = 0) async throws {
        self.options = options
        var faults = FaultSource(seed: options.seed)
        faults.setProbabilities(options.faults)
        state = Mutex(
            State(model: VendorModel(semantics: options.semantics, tokens: options.tokens), faults: faults))
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
    public var port: Int { state.withLock { $0.port } }

    /// The true state of every token.
    public var truth: [String: VendorState] { state.withLock { $0.model.states } }
    /// How many requests will still land late.
    public var pendingCount: Int { state.withLock { $0.model.pending.values.reduce(0, +) } }
    public var counters: VendorModel.Counters { state.withLock { $0.model.counters } }
    /// The requests that came in, oldest first, bounded.
    public var requests: [Recorded] { state.withLock { $0.recorded } }

    /// Sets the probability of each fault; those left out do not happen.
    public func setFaults(_ probabilities: [Fault: Double]) {
        state.withLock { $0.faults.setProbabilities(probabilities) }
    }

    /// Sets every fault to `probability`.
    public func setEveryFault(_ probability: Double) {
        let each = min(probability, 1 / Double(Fault.allCases.count))
        setFaults(Dictionary(uniqueKeysWithValues: Fault.allCases.map { ($0, each) }))
    }

    /// The next requests meet these faults, one each; nil is a healthy request.
    public func script(_ faults: [Fault?]) { state.withLock { $0.faults.append(faults) } }

    public func setSemantics(_ semantics: VendorSemantics) { state.withLock { $0.model.semantics = semantics } }

    /// Makes a token known, or sets its true state behind everybody's back.
    public func set(_ token: SimulatedToken) { state.withLock { $0.model.set(token) } }

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

    /// Listens again, on the same port.
    public func endOutage() {
        let port = state.withLock { state -> Int? in
            state.outages = max(0, state.outages - 1)
            guard state.outages == 0, state.listener == nil, !state.isStopped else { return nil }
            return state.port
        }
        guard let port else { return }
        listen(on: port).whenFailure { _ in
            // The port is still closing: once more, until it is free.
            self.group.any().scheduleTask(in: .milliseconds(20)) { self.endOutage() }
        }
    }

    private func listen(on port: Int) -> EventLoopFuture<Void> {
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
