import Foundation
import Glibc
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import Planning
import Reconciler
import Storage

/// Answers on the control socket and on the read-only listener.
struct ControlService: Sendable {
    let stateDirectory: String
    let socketPath: String
    let clock: SystemClock
    let logger: Logger
    let reload: @Sendable () async -> ControlMessage.Answer
    let accept: @Sendable (Acceptance) async -> ControlMessage.Answer
    let order: @Sendable (ControlRequest) async -> ControlMessage.Answer
    let observatory: Observatory
    /// Records a look at a number's PINs, and orders the rotation that follows from it.
    let reveal: @Sendable (PINLook) async -> Result<Void, StoreFailure>
    /// Whether the process and the store work; text for people.
    let health: @Sendable () async -> (isWell: Bool, text: String)
    /// Whether a valid desired state is in force.
    let readiness: @Sendable () async -> (isReady: Bool, text: String)

    /// Serves the control socket (0660) until the task is cancelled.
    ///
    /// A daemon that answers there already is left alone: a Unix socket would be taken over without a word.
    func serveControl() async throws {
        if LocalSocket.answers(at: socketPath) {
            throw StartupError.unavailable(
                "another daemon answers at \(socketPath): give each its own runtime_directory")
        }
        unlink(socketPath)
        let path = socketPath
        let server = LocalServer(
            address: .unixDomainSocket(path: path), logger: Self.quiet,
            onRunning: {
                if chmod(path, 0o660) != 0 {
                    logger.warning("Control socket keeps its mode", metadata: ["path": "\(path)"])
                }
            },
            respond: { await control($0) }
        )
        try await server.run()
    }

    /// Serves the page, health, metrics and the read-only API on `host`:`port` until the task is cancelled.
    func serveListener(host: String, port: Int) async throws {
        let server = LocalServer(
            address: .hostname(host, port: port), logger: Self.quiet, onRunning: {},
            respond: { call in
                // A page elsewhere whose name was made to lead here must not read this one.
                guard Self.isLocal(call.host, host) else {
                    return .text(.misdirectedRequest, "this address answers to its own name only")
                }
                return await observe(call)
            })
        try await server.run()
    }

    func control(_ call: LocalServer.Call) async -> LocalServer.Reply {
        switch (call.method, call.path) {
        case (.post, "/v1/pin-reveals"): return await recordReveal(call)
        case (.post, "/v1/reload"): return .json(.ok, await reload())
        case (.post, "/v1/accept"): return await accept(call)
        case (.post, "/v1/orders"): return await order(call)
        default: return await observe(call)
        }
    }

    private func accept(_ call: LocalServer.Call) async -> LocalServer.Reply {
        // A message that cannot be read is answered as such, here and below.
        guard let message = try? JSONCoding.decoder.decode(ControlMessage.Accept.self, from: call.body) else {
            return Self.incomprehensible
        }
        let actor = await Self.actor(of: call, onBehalfOf: message.onBehalfOf)
        return .json(.ok, await accept(Acceptance(prefix: message.revision, actor: actor)))
    }

    private func order(_ call: LocalServer.Call) async -> LocalServer.Reply {
        // As above.
        guard let message = try? JSONCoding.decoder.decode(ControlMessage.OrderRequest.self, from: call.body) else {
            return Self.incomprehensible
        }
        let actor = await Self.actor(of: call, onBehalfOf: message.onBehalfOf)
        let answer = await order(ControlRequest(message: message, actor: actor))
        logger.notice(
            "Order", metadata: ["kind": "\(message.kind.rawValue)", "actor": "\(actor)", "answer": "\(answer.message)"])
        return .json(.ok, answer)
    }

    private func otherStore(_ directory: String) -> ControlMessage.Answer {
        .init(done: false, message: "this daemon works on \(stateDirectory), not on \(directory)")
    }

    private static let incomprehensible = LocalServer.Reply.json(
        .badRequest, .init(done: false, message: "the request cannot be understood"))

    /// Who is at the other end, as the kernel says, and on whose behalf, as the caller says.
    private static func actor(of call: LocalServer.Call, onBehalfOf: String?) async -> String {
        let peer = await PeerCredentials.read(from: call.channel)
        let actor = peer?.actor ?? "unknown"
        return actor + behalf(onBehalfOf, of: actor)
    }

    /// What the caller says of itself stands behind what the kernel says of it, when it is something else.
    private static func behalf(_ text: String?, of actor: String) -> String {
        text.flatMap { $0 == actor ? nil : ", on behalf of \(clean($0, 128))" } ?? ""
    }

    /// Free text of a caller, bounded, on one line, and without what steers a terminal or turns the writing.
    static func clean(_ text: String, _ length: Int) -> String {
        String(text.unicodeScalars.prefix(length)).onOneLine()
    }

    func observe(_ call: LocalServer.Call) async -> LocalServer.Reply {
        guard call.method == .get || call.method == .head else { return .text(.methodNotAllowed, "GET and HEAD only") }
        switch call.path {
        case "/healthz":
            let health = await health()
            return .text(health.isWell ? .ok : .serviceUnavailable, health.text)
        case "/readyz":
            let readiness = await readiness()
            return .text(readiness.isReady ? .ok : .serviceUnavailable, readiness.text)
        default:
            return await observatory.reply(to: call)
                ?? .text(
                    .notFound, "not here: /, /healthz, /readyz, /metrics, /v1/status, /v1/numbers and /v1/changes are")
        }
    }

    /// Whether a request's Host is a name of this machine alone, or the address that is listened on.
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

    private func recordReveal(_ call: LocalServer.Call) async -> LocalServer.Reply {
        // As above.
        guard let reveal = try? JSONCoding.decoder.decode(ControlMessage.PINReveal.self, from: call.body),
            let number = PhoneNumber(reveal.number)
        else { return Self.incomprehensible }
        guard reveal.stateDirectory == stateDirectory else {
            return .json(.conflict, otherStore(reveal.stateDirectory))
        }
        let peer = await PeerCredentials.read(from: call.channel)
        let event = Self.revealEvent(reveal, number: number, actor: peer?.actor ?? "unknown", at: clock.now())
        if case .failure(let failure) = await self.reveal(PINLook(number: number, event: event)) {
            return .json(.serviceUnavailable, .init(done: false, message: "not recorded, so not shown: \(failure)"))
        }
        logger.notice("PIN revealed", metadata: ["number": "\(number)", "actor": "\(event.actor)"])
        return .json(.ok, .init(done: true, message: "recorded"))
    }

    /// The audit event of a reveal, its free text bounded and on one line.
    static func revealEvent(
        _ reveal: ControlMessage.PINReveal, number: PhoneNumber, actor: String, at now: Instant
    ) -> EventEntry {
        let generations = reveal.generations.map(String.init).joined(separator: ", ")
        let terminal = reveal.terminal.map { ", at \(clean($0, 64))" } ?? ", at no terminal"
        return EventEntry(
            at: now, kind: .pinRevealed, number: number, actor: actor + behalf(reveal.onBehalfOf, of: actor) + terminal,
            detail: "generations \(generations): \(clean(reveal.reason, 500))"
        )
    }

    /// The server's own log is of no use to an operator.
    private static var quiet: Logger { Logger(label: "twostepd.http", factory: { _ in SwiftLogNoOpLogHandler() }) }
}
