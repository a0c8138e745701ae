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
        let result = await withCheckedContinuation { continuation in
            reconciliation.commits.perform({ store throws(StorageError) in
                if let out = message.out {
                    let numbers = out.compactMap { PhoneNumber($0) }
                    try store.handOver(
                        numbers, with: ControlService.clean(message.bundle, 64), again: message.again, at: now,
                        actor: actor)
                }
                let moved = try (message.in ?? []).map { row throws(StorageError) in try store.open(row) }
                _ = try store.takeIn(
                    moved,
                    from: MoveOrigin(
                        bundle: ControlService.clean(message.bundle, 64),
                        source: ControlService.clean(message.source ?? "unknown", 200)),
                    at: now, actor: actor, settleDelay: settleDelay)
            }) { continuation.resume(returning: $0) }
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
        await withCheckedContinuation { continuation in
            reconciliation.commits.perform({ _ throws(StorageError) in }) { _ in continuation.resume() }
        }
        await withCheckedContinuation { continuation in
            reconciliation.driver.ping { continuation.resume() }
        }
    }
}
