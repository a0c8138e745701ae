#if TESTABLE
    import ConfigFile
    import Dispatch
    import Foundation
    import HTTPTypes
    import HummingbirdCore
    import Logging
    import NIOCore
    import NIOEmbedded
    import NIOHTTP1
    import Planning
    import Reconciler
    import Storage
    import Synchronization

    @testable import Daemon

    /// The bytes of a connection to the control socket (an even first byte) or to the listener (an odd one).
    public enum HTTPInput: FuzzInput {
        public static func problem(with bytes: [UInt8]) -> String? {
            guard let first = bytes.first else { return nil }
            let channel = EmbeddedChannel()
            defer {
                // The rest of an interrupted connection is not a finding.
                _ = try? channel.finish(acceptAlreadyClosed: true)
            }
            var calls: [LocalServer.Call] = []
            do {
                try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: false)
                try channel.writeInbound(ByteBuffer(bytes: bytes.dropFirst()))
                var head: HTTPRequestHead?
                var body = Data()
                while let part = try channel.readInbound(as: HTTPServerRequestPart.self) {
                    switch part {
                    case .head(let next):
                        head = next
                        body = Data()
                    case .body(let buffer): body.append(contentsOf: buffer.readableBytesView)
                    case .end:
                        if let head, let call = call(head, body, channel) { calls.append(call) }
                    }
                }
            } catch {
                // Refused by the HTTP parser: nothing further of this connection reaches our code.
            }
            return calls.lazy.compactMap { answer($0, isControl: first % 2 == 0) }.first
        }

        private static func call(_ head: HTTPRequestHead, _ body: Data, _ channel: any Channel) -> LocalServer.Call? {
            guard let method = HTTPRequest.Method(rawValue: head.method.rawValue) else { return nil }
            let uri = URI(head.uri)
            return LocalServer.Call(
                method: method, path: uri.path, query: LocalServer.query(of: uri),
                host: head.headers.first(name: "host"),
                accept: head.headers.first(name: "accept"), body: body, channel: channel)
        }

        private static func answer(_ call: LocalServer.Call, isControl: Bool) -> String? {
            let reply = Mutex<LocalServer.Reply?>(nil)
            let done = DispatchSemaphore(value: 0)
            Task {
                let answer = isControl ? await service.control(call) : await service.answerReadOnly(call)
                reply.withLock { $0 = answer }
                done.signal()
            }
            done.wait()
            guard let reply = reply.withLock({ $0 }) else { return "no answer" }
            if !isControl, call.method != .get, call.method != .head, reply.status.code < 400 {
                return "the listener carries out \(call.method)"
            }
            if reply.contentType == "application/json", !isReadable(reply.body, isAnswer: call.method == .post) {
                return "an answer that our own command cannot read: \(reply.body)"
            }
            return reveal(call)
        }

        private static func isReadable(_ text: String, isAnswer: Bool) -> Bool {
            let data = Data(text.utf8)
            // Only readability is checked here.
            guard isAnswer else { return (try? JSONSerialization.jsonObject(with: data)) != nil }
            return (try? JSONCoding.decoder.decode(ControlMessage.Answer.self, from: data)) != nil
        }

        /// Returns the audit trail's text of a reveal, with which no fuzzer should fill a store.
        private static func reveal(_ call: LocalServer.Call) -> String? {
            // A body that is not a reveal has no such text.
            guard let reveal = try? JSONCoding.decoder.decode(ControlMessage.PINReveal.self, from: call.body),
                let number = PhoneNumber(reveal.number)
            else { return nil }
            let event = ControlService.revealEvent(
                reveal, number: number, actor: "fuzzer", at: Instant(millisecondsSinceEpoch: 0))
            let text = [event.actor, event.detail].joined()
            return text.utf8.contains { $0 < 32 || $0 == 127 } ? "a control character in the audit trail" : nil
        }

        private static let service: ControlService = {
            let folder = FileManager.default.temporaryDirectory.path + "/twostepd-fuzz-\(UUID().uuidString)"
            let location = StoreLocation(directory: folder)
            let store: Store
            do {
                store = try Store.open(at: location, key: SealingKey.random())
            } catch {
                // Without a store a fuzzer would find nothing, and appear to succeed.
                fatalError("no store to fuzz with: \(error)")
            }
            let commits = CommitQueue(store: store)
            return ControlService(
                // No input names this folder, so that no reveal is recorded.
                stateDirectory: folder, socketPath: folder + "/control.sock",
                clock: SystemClock(), logger: Logger(label: "fuzz", factory: { _ in SwiftLogNoOpLogHandler() }),
                reload: { ControlMessage.Answer(done: true, message: "reloaded") },
                accept: { ControlMessage.Answer(done: true, message: "accepted \($0.prefix)") },
                order: { request in
                    let order = request.message.order(by: request.actor, now: Instant(millisecondsSinceEpoch: 0))
                    if case .pause(let pause) = order { return .init(done: true, message: pause.reason ?? "-") }
                    return ControlMessage.Answer(done: true, message: request.message.kind.done)
                },
                report: { report, actor in .init(done: true, message: "\(report.items.count) by \(actor)") },
                view: { throw ControlRefusal.stopping },
                secretMarks: { SecretMarks(["token a": "0123456789abcdef"]) },
                readOnlyAPI: ReadOnlyAPI(
                    location: location, policy: Settings().policy(), desiredState: folder + "/desired-state.yaml",
                    since: Instant(millisecondsSinceEpoch: 0), clock: SystemClock(),
                    recorder: MetricsRecorder(), commits: commits, isPerNumber: true),
                reveal: { reveal in throw StoreFailure(reveal.rotation(after: .seconds(60)).event.detail) },
                health: { (true, "ok") }, readiness: { (false, "starting") })
        }()
    }
#endif
