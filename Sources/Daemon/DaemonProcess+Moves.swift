import ConfigFile
import Planning
import Reconciler
import Storage

/// Numbers on their way to other stores and from them.
extension DaemonProcess {
    /// Hands numbers over or takes them in, once the engine has let go of those that left the desired state.
    func move(_ request: MoveRequest) async -> ControlMessage.Answer {
        await settle()
        let (message, actor) = (request.message, request.actor)
        let now = SystemClock().now()
        let settleDelay = settings.timing.settleDelay
        let bundle = ControlService.clean(message.bundle, 64)
        let out = message.out.map { $0.map { PhoneNumber($0) } }
        guard out?.contains(nil) != true else {
            return .init(done: false, message: "nothing was handed over: one of the numbers is none")
        }
        let result = await reconciliation.commits.result { store throws(StorageError) in
            if let out {
                try store.handOver(out.compactMap(\.self), with: bundle, again: message.again, at: now, actor: actor)
            }
            guard let rows = message.in else { return }
            let moved = try rows.map { row throws(StorageError) in try store.open(row) }
            let origin = MoveOrigin(bundle: bundle, source: ControlService.clean(message.source ?? "unknown", 200))
            _ = try store.takeIn(moved, from: origin, at: now, actor: actor, settleDelay: settleDelay)
        }
        switch result {
        case .success: return .init(done: true, message: "done", at: now.description)
        case .failure(let error): return .init(done: false, message: error.description)
        }
    }

    /// Waits until the engine knows of every adoption that is durable, and what it asked for before that is durable.
    ///
    /// A number can be unmanaged in the store while the engine, which does not know it yet, asks for one more request:
    /// that is behind us then, and its open request is seen.
    private func settle() async {
        _ = await reconciliation.commits.result { _ throws(StorageError) in }
        await withCheckedContinuation { continuation in
            reconciliation.driver.ping { continuation.resume() }
        }
    }
}
