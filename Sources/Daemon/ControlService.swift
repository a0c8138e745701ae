import Files
import Foundation
import Glibc
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import Planning
import Reconciler
import Storage
import Synchronization

/// Answers requests on the control socket and on the read-only listener.
struct ControlService: Sendable {
    let stateDirectory: String
    let socketPath: String
    let clock: SystemClock
    let logger: Logger
    let reload: @Sendable () async throws -> ControlMessage.Answer
    let accept: @Sendable (Acceptance) async throws -> ControlMessage.Answer
    let order: @Sendable (ControlRequest) async throws -> ControlMessage.Answer
    /// Carries out reported observations on behalf of the named caller.
    let report: @Sendable (ControlMessage.ObservationReport, String) async throws -> ControlMessage.Answer
    /// Returns the daemon's own view: secrets, endpoints, servers, limits and last failures.
    let view: @Sendable () async throws -> DaemonView
    /// Returns the marks of the daemon's secrets.
    let secretMarks: @Sendable () async throws -> SecretMarks
    let readOnlyAPI: ReadOnlyAPI
    /// Records that a number's PINs are revealed, and orders the rotation that follows.
    let reveal: @Sendable (PendingReveal) async throws -> Void
    /// Returns whether the process and the store work, and a text for people.
    let health: @Sendable () async -> (isWell: Bool, text: String)
    /// Returns whether a valid desired state is in force, and a text for people.
    let readiness: @Sendable () async -> (isReady: Bool, text: String)

    /// The interval at which the control socket's file is checked.
    private static let socketCheckInterval: Duration = .seconds(15)

    /// Serves the control socket (0660) until it is removed or replaced.
    ///
    /// A daemon that already answers there keeps its socket: unlinking it would silently cut that daemon off.
    func serveControl(onRunning: @escaping @Sendable () -> Void) async throws {
        // The socket's own mode protects it; its directory is open.
        try Directory.make(Directory.parent(of: socketPath), mode: 0o755)
        if LocalSocket.answers(at: socketPath) {
            throw StartupError.unavailable("another daemon answers there: give each its own runtime_directory")
        }
        unlink(socketPath)
        let path = socketPath
        let server = LocalServer(
            address: .unixDomainSocket(path: path), logger: Self.quiet,
            onRunning: { channel in
                do {
                    try Directory.setMode(0o660, of: path)
                } catch {
                    logger.warning("Mode of the control socket was not set", metadata: ["path": "\(path)"])
                }
                onRunning()
                watch(channel)
            },
            onShortage: shortage(path), respond: { await control($0) }
        )
        try await server.run()
    }

    /// Closes `channel` once the control socket is no longer the file that it is now, so that a new one is made: a
    /// cleanup of /run may have removed it.
    private func watch(_ channel: any Channel) {
        guard let own = socketIdentity else { return close(channel) }
        Task {
            while channel.isActive {
                // This task is never cancelled.
                try? await Task.sleep(for: Self.socketCheckInterval, tolerance: .seconds(3))
                guard socketIdentity != own else { continue }
                return close(channel)
            }
        }
    }

    private func close(_ channel: any Channel) {
        logger.warning("Control socket was removed or replaced: creating it again", metadata: ["path": "\(socketPath)"])
        channel.close(promise: nil)
    }

    /// The identity of the file at the path of the control socket; nil when there is no file.
    private var socketIdentity: FileIdentity? {
        // A file that cannot be inspected cannot be connected to either.
        (try? FileStatus.of(socketPath, followingLinks: false))?.identity
    }

    /// Serves the page, health, metrics and the read-only API on `host`:`port` for as long as the process lasts.
    func serveListener(host: String, port: Int, onRunning: @escaping @Sendable () -> Void) async throws {
        let server = LocalServer(
            address: .hostname(host, port: port), logger: Self.quiet, onRunning: { _ in onRunning() },
            onShortage: shortage("\(host):\(port)"),
            respond: { call in
                // A foreign page whose host name was made to resolve to this address must not read this one (DNS
                // rebinding).
                guard Self.isLocal(call.host, host) else {
                    return .text(.misdirectedRequest, "this server answers only to its own host name")
                }
                return await answerReadOnly(call)
            })
        try await server.run()
    }

    /// Returns a handler that logs that connections to `address` wait for descriptors.
    private func shortage(_ address: String) -> @Sendable (IOError) -> Void {
        let logger = logger
        return { error in
            logger.error(
                "Connections wait: no file descriptor is left",
                metadata: [
                    "address": "\(address)", "error": "\(String(cString: strerror(error.errnoCode)))",
                    "advice": "raise LimitNOFILE of the unit or ulimit -n",
                ])
        }
    }

    func control(_ call: LocalServer.Call) async -> LocalServer.Reply {
        do {
            switch (call.method, call.path) {
            case (.post, "/v1/pin-reveals"): return .json(.ok, try await recordReveal(call))
            case (.post, "/v1/reload"): return .json(.ok, try await reload())
            case (.post, "/v1/accept"): return .json(.ok, try await accept(call))
            case (.post, "/v1/orders"): return .json(.ok, try await order(call))
            case (.post, "/v1/observations"): return .json(.ok, try await report(call))
            case (.get, "/v1/daemon"): return .document(try await view())
            case (.get, "/v1/secret-marks"): return .text(.ok, try await secretMarks().text)
            default: return await answerReadOnly(call)
            }
        } catch {
            return .refusal(error)
        }
    }

    private static func decode<Message: Decodable>(_ type: Message.Type, _ call: LocalServer.Call) throws -> Message {
        do { return try JSONCoding.decoder.decode(type, from: call.body) } catch { throw ControlRefusal.unintelligible }
    }

    private func accept(_ call: LocalServer.Call) async throws -> ControlMessage.Answer {
        let message = try Self.decode(ControlMessage.Accept.self, call)
        let actor = await Self.actor(of: call, onBehalfOf: message.onBehalfOf)
        return try await accept(Acceptance(prefix: message.revision, actor: actor))
    }

    private func order(_ call: LocalServer.Call) async throws -> ControlMessage.Answer {
        let message = try Self.decode(ControlMessage.OrderRequest.self, call)
        let actor = await Self.actor(of: call, onBehalfOf: message.onBehalfOf)
        return try await logged("Order", ["kind": "\(message.kind.rawValue)", "actor": "\(actor)"]) {
            try await order(ControlRequest(message: message, actor: actor))
        }
    }

    private func report(_ call: LocalServer.Call) async throws -> ControlMessage.Answer {
        let message = try Self.decode(ControlMessage.ObservationReport.self, call)
        guard (1...ControlMessage.ObservationReport.maxItems).contains(message.items.count) else {
            throw ControlRefusal.unintelligible
        }
        let actor = await Self.actor(of: call, onBehalfOf: message.onBehalfOf)
        return try await logged("Report", ["count": "\(message.items.count)", "actor": "\(actor)"]) {
            try await report(message, actor)
        }
    }

    /// Carries out an operator's request and logs it with its answer.
    private func logged(
        _ message: Logger.Message, _ metadata: Logger.Metadata,
        _ body: () async throws -> ControlMessage.Answer
    ) async throws -> ControlMessage.Answer {
        let log = { (answer: ControlMessage.Answer) in
            logger.notice(message, metadata: metadata.merging(["answer": "\(answer.message)"]) { $1 })
        }
        do {
            let answer = try await body()
            log(answer)
            return answer
        } catch {
            log(ControlMessage.Answer(error))
            throw error
        }
    }

    /// Refuses a caller who reads another store than this daemon's.
    private func checkStore(_ directory: String) throws(ControlRefusal) {
        guard directory == stateDirectory else { throw .otherStore(own: stateDirectory, asked: directory) }
    }

    /// Returns the identity of the caller: the kernel's, followed by the one that the caller claims.
    private static func actor(of call: LocalServer.Call, onBehalfOf: String?) async -> String {
        let peer = await PeerCredentials.read(from: call.channel)
        let actor = peer?.actor ?? "unknown"
        return actor + behalf(onBehalfOf, of: actor)
    }

    /// Returns the identity that the caller claims, marked as a claim, to follow the kernel's; empty when both are the
    /// same.
    private static func behalf(_ text: String?, of actor: String) -> String {
        text.flatMap { $0 == actor ? nil : ", claimed: \(clean($0, 128))" } ?? ""
    }

    /// Returns a caller's free text, bounded, on one line, and without characters that control a terminal or change the
    /// writing direction.
    static func clean(_ text: String, _ length: Int) -> String {
        String(text.unicodeScalars.prefix(length)).onOneLine()
    }

    func answerReadOnly(_ call: LocalServer.Call) async -> LocalServer.Reply {
        guard call.method == .get || call.method == .head else { return .text(.methodNotAllowed, "GET and HEAD only") }
        switch call.path {
        case "/healthz":
            let health = await health()
            return .text(health.isWell ? .ok : .serviceUnavailable, health.text)
        case "/readyz":
            let readiness = await readiness()
            return .text(readiness.isReady ? .ok : .serviceUnavailable, readiness.text)
        default:
            return await readOnlyAPI.reply(to: call)
                ?? .text(
                    .notFound,
                    "not found; the paths: /, /healthz, /readyz, /metrics, /v1/status, /v1/numbers, /v1/changes")
        }
    }

    /// Returns true when a request's Host is a name of this machine alone, or the address that is listened on.
    static func isLocal(_ authority: String?, _ listened: String) -> Bool {
        guard let authority, !authority.isEmpty else { return false }
        var name = authority.lowercased()[...]
        if name.hasPrefix("[") {
            guard let end = name.firstIndex(of: "]") else { return false }
            name = name[name.index(after: name.startIndex)..<end]
        } else if let colon = name.lastIndex(of: ":") {
            name = name[..<colon]
        }
        return ["localhost", "127.0.0.1", "::1", listened.lowercased()].contains(String(name))
    }

    private func recordReveal(_ call: LocalServer.Call) async throws -> ControlMessage.Answer {
        let reveal = try Self.decode(ControlMessage.PINReveal.self, call)
        guard let number = PhoneNumber(reveal.number) else { throw ControlRefusal.unintelligible }
        try checkStore(reveal.stateDirectory)
        let peer = await PeerCredentials.read(from: call.channel)
        let event = Self.revealEvent(reveal, number: number, actor: peer?.actor ?? "unknown", at: clock.now())
        do {
            try await self.reveal(PendingReveal(number: number, event: event))
        } catch {
            throw ControlRefusal.revealNotRecorded(error)
        }
        logger.notice("PIN revealed", metadata: ["number": "\(number)", "actor": "\(event.actor)"])
        return .init(done: true, message: "recorded")
    }

    /// Returns the audit event of a reveal, its free text bounded and on one line.
    static func revealEvent(
        _ reveal: ControlMessage.PINReveal, number: PhoneNumber, actor: String, at now: Instant
    ) -> EventEntry {
        let generations = reveal.generations.map(String.init).joined(separator: ", ")
        let terminal = reveal.terminal.map { ", at \(clean($0, 64))" } ?? ", without a terminal"
        return EventEntry(
            at: now, kind: .pinRevealed, number: number, actor: actor + behalf(reveal.onBehalfOf, of: actor) + terminal,
            detail: "generations \(generations): \(clean(reveal.reason, 500))"
        )
    }

    /// A logger that drops everything: the server's own log is of no use to an operator.
    private static var quiet: Logger { Logger(label: "twostepd.http", factory: { _ in SwiftLogNoOpLogHandler() }) }
}

/// Holds the callers that wait for the running daemon to complete a request, until the engine reports the result.
final class PendingReplies: Sendable {
    private struct State {
        var lastOrder: Int64 = 0
        var orders: [OrderID: @Sendable (StoreFailure?) -> Void] = [:]
        /// The callers that wait for a desired state to be adopted, oldest first.
        var adoptions:
            [(sha256: String, completion: @Sendable (Result<AdoptionResult.Verdict, StoreFailure>) -> Void)] = []
    }

    private let state = Mutex(State())

    /// Returns an id for an order; `tell` is called once, with the order's result.
    func expectOrder(_ completion: @escaping @Sendable (StoreFailure?) -> Void) -> OrderID {
        state.withLock { state in
            state.lastOrder += 1
            let id = OrderID(state.lastOrder)
            state.orders[id] = completion
            return id
        }
    }

    func completeOrder(_ id: OrderID, _ failure: StoreFailure?) {
        state.withLock { $0.orders.removeValue(forKey: id) }?(failure)
    }

    /// Registers a caller that waits for the desired state with this SHA-256, whatever its result.
    func expectAdoption(
        of sha256: String, _ completion: @escaping @Sendable (Result<AdoptionResult.Verdict, StoreFailure>) -> Void
    ) {
        state.withLock { $0.adoptions.append((sha256, completion)) }
    }

    /// Passes on the result of a desired state. Callers that wait for an earlier one, which this one has overtaken, are
    /// notified as well.
    ///
    /// - Parameter sha256: the SHA-256 of the state's file; nil when it is not known, and all callers are notified.
    func completeAdoption(_ result: Result<AdoptionResult.Verdict, StoreFailure>, sha256: String?) {
        let reported = state.withLock { state in
            let end =
                sha256.map { sha256 in
                    state.adoptions.lastIndex { $0.sha256 == sha256 }.map { $0 + 1 } ?? 0
                } ?? state.adoptions.count
            defer { state.adoptions.removeFirst(end) }
            return Array(state.adoptions.prefix(end))
        }
        for waiter in reported { waiter.completion(result) }
    }
}
