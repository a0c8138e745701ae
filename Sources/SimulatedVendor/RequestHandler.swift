import Foundation
import NIOCore
import NIOHTTP1
import Synchronization

/// Reads requests of one connection and plays the vendor, with whatever fault is due.
final class RequestHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// The largest request body that is read.
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
        // Accepted in the very moment in which an outage began.
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
            } else if path == SimulatedVendor.path, head.method == .POST {
                serve(head, on: wire)
            } else {
                wire.answer(.notFound, "not found", type: "text/plain")
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func serve(_ head: HTTPRequestHead, on wire: Wire) {
        let request = VendorModel.Request(body: body)
        let (number, fault) = record(head, token: request?.token)
        guard let request else {
            wire.answer(.ok, .badRequest)
            return
        }
        guard let fault else {
            wire.answer(.ok, carryOut(request, number))
            return
        }
        play(fault, request, number, on: wire)
    }

    private func record(_ head: HTTPRequestHead, token: String?) -> (number: Int, fault: Fault?) {
        let body = body
        let headers = head.headers.map { (name: $0.name, value: $0.value) }
        return vendor.state.withLock { state in
            let fault = state.faults.next(token: token)
            state.model.counters.requests += 1
            state.model.counters.faults += fault == nil ? 0 : 1
            state.record(headers: headers, body: body, fault: fault)
            return (state.lastRecorded, fault)
        }
    }

    private func carryOut(_ request: VendorModel.Request, _ number: Int) -> VendorModel.Verdict {
        vendor.state.withLock { state in
            let verdict = state.model.carryOut(request)
            state.note(verdict, of: number)
            return verdict
        }
    }

    private func play(_ fault: Fault, _ request: VendorModel.Request, _ number: Int, on wire: Wire) {
        // What is answered when the fault lets the request through.
        let verdict = fault.isCarriedOut && fault != .landLate ? carryOut(request, number) : .success
        let options = vendor.options
        switch fault {
        case .refuseConnection:
            wire.close()
            vendor.outage(for: options.refusalTime)
        case .closeBefore, .closeAfter: wire.close()
        case .landLate:
            let late = vendor.state.withLock { $0.model.addLate(request) }
            let vendor = vendor
            wire.schedule(options.lateDelay) { vendor.state.withLock { $0.model.land(late) } }
            wire.close()
        case .slow: wire.schedule(options.slowDelay) { wire.answer(.ok, verdict) }
        case .hang: break
        case .serverErrorBefore: wire.answer(.internalServerError, "{\"error\":\"internal\"}", type: "application/json")
        case .serverErrorAfter: wire.answer(.badGateway, "<html><h1>502 Bad Gateway</h1></html>", type: "text/html")
        case .html: wire.answer(.ok, "<html><body>Welcome back!</body></html>", type: "text/html")
        case .truncated: wire.answerTruncated(verdict)
        case .oversized: wire.answerOversized()
        case .statusAsString:
            wire.answer(
                .ok, "{\"status\":\"\(verdict.status)\",\"message\":\"\(verdict.message)\"}", type: "application/json")
        case .tooManyRequests:
            let delay = String(options.retryAfter.components.seconds)
            wire.answer(.tooManyRequests, "slow down", type: "text/plain", headers: [("retry-after", delay)])
        case .serviceUnavailable: wire.answer(.ok, .serviceUnavailable)
        case .authRefused: wire.answer(.ok, .authenticationFailed)
        case .refuseEnable: wire.answer(.ok, request.pin == nil ? carryOut(request, number) : .notReachable)
        case .refuseDisable: wire.answer(.ok, request.pin == nil ? .notReachable : carryOut(request, number))
        }
    }
}
