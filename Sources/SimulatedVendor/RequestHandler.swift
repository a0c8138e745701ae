import Foundation
import NIOCore
import NIOHTTP1
import Synchronization

/// Reads the requests of one connection and answers as the vendors do, with the fault that is due.
final class RequestHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// The maximum size of a request's body, in bytes.
    static let bodyLimit = 1024 * 1024

    private let vendor: SimulatedVendor
    private var head: HTTPRequestHead?
    private var body = Data()

    init(vendor: SimulatedVendor) { self.vendor = vendor }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        let isWelcome = vendor.state.withLock { state in
            state.channels[ObjectIdentifier(channel)] = channel
            return state.outages == 0 && !state.isStopped
        }
        // The connection was accepted at the moment when an outage began.
        if !isWelcome { context.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        let channel = context.channel
        vendor.state.withLock { $0.channels[ObjectIdentifier(channel)] = nil }
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = Data()
        case .body(let buffer):
            guard body.count + buffer.readableBytes <= Self.bodyLimit else {
                head = nil
                context.close(promise: nil)
                return
            }
            guard head != nil else { return }
            body.append(contentsOf: buffer.readableBytesView)
        case .end:
            guard let head else { return }
            let wire = Wire(channel: context.channel, keepAlive: head.isKeepAlive)
            let path = head.uri.split(separator: "?").first.map(String.init) ?? head.uri
            if path.hasPrefix("/_sim/") {
                SimulationControl(vendor: vendor).answer(head.method, path, body, on: wire)
            } else if let api = SimulatedVendor.apis.first(where: { $0.serves(head.method, path: path) }) {
                serve(head, api, on: wire)
            } else {
                wire.answer(.text(.notFound, "not found"))
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func serve(_ head: HTTPRequestHead, _ api: any SimulatedAPI, on wire: Wire) {
        let (request, body) = (api.request(head, body), body)
        let (number, fault) = vendor.state.withLock { $0.record(head, body, request) }
        guard let request else {
            wire.answer(api.answer(.badRequest))
            return
        }
        let call = Call(api: api, request: request, number: number)
        guard let fault else {
            wire.answer(api.answer(carryOut(call)))
            return
        }
        play(fault, call, on: wire)
    }

    /// A request, the API that it was sent to, and its number among those recorded.
    private struct Call {
        let api: any SimulatedAPI
        let request: VendorModel.Request
        let number: Int
    }

    private func carryOut(_ call: Call) -> VendorModel.Verdict {
        vendor.state.withLock { $0.carryOut(call.request, number: call.number) }
    }

    private func play(_ fault: Fault, _ call: Call, on wire: Wire) {
        let api = call.api
        // The answer when the fault lets the request through.
        let answer = api.answer(fault.isCarriedOut && fault != .landLate ? carryOut(call) : .success)
        let options = vendor.options
        switch fault {
        case .refuseConnection:
            wire.close()
            vendor.outage(for: options.refusalTime)
        case .closeBefore, .closeAfter: wire.close()
        case .landLate:
            landLate(call, on: wire)
            wire.close()
        case .slow: wire.schedule(options.slowDelay) { wire.answer(answer) }
        case .hang: break
        case .serverErrorBefore: wire.answer(api.serverError)
        case .serverErrorAfter: wire.answer(.html(.badGateway, "<h1>502 Bad Gateway</h1>"))
        case .html: wire.answer(.html(.ok, "Welcome back!"))
        case .truncated: wire.answerTruncated(answer)
        case .oversized: wire.answer(api.success(padding: String(repeating: "x", count: 256 * 1024)))
        case .statusAsString: wire.answer(api.withStringStatus(answer))
        case .tooManyRequests:
            let delay = String(options.retryAfter.components.seconds)
            wire.answer(api.answer(.limited(.rate)), headers: [("retry-after", delay)])
        case .serviceUnavailable: wire.answer(api.answer(.serviceUnavailable))
        case .authRefused: wire.answer(api.answer(.authenticationFailed))
        case .refuseEnable: wire.answer(api.answer(call.request.setsPIN ? .notReachable : carryOut(call)))
        case .refuseDisable: wire.answer(api.answer(call.request.disables ? .notReachable : carryOut(call)))
        case .statusAfter:
            let status = vendor.state.withLock { $0.nextStatus(of: options.statusesAfter) }
            wire.answer(.html(status, "<h1>\(status.code) \(status.reasonPhrase)</h1>"))
        case .blocked: wire.answer(api.answer(call.request.isLook ? carryOut(call) : .tooManyAttempts))
        case .uncleanEnd: wire.answerUntilClosed(answer)
        }
    }

    /// Closes the connection and carries the request out later, unless it is an observation, which has no effect.
    private func landLate(_ call: Call, on wire: Wire) {
        guard !call.request.isLook else { return }
        let late = vendor.state.withLock { $0.model.addLate(call.request) }
        let vendor = vendor
        wire.schedule(vendor.options.lateDelay) { vendor.state.withLock { $0.model.land(late) } }
    }
}
