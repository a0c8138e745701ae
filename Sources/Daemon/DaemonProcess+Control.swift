import ConfigFile
import Planning
import Reconciler
import Storage

/// What operators ask of the running daemon.
extension DaemonProcess {
    /// Reads the files again, and says what became of them.
    func reloadAndTell(acceptance: Acceptance?) async -> ControlMessage.Answer {
        await withCheckedContinuation { continuation in
            load(acceptance: acceptance) {
                continuation.resume(returning: ControlMessage.Answer($0))
            } untaken: { load in
                switch load {
                case .handedOver, .unchanged: preconditionFailure("a command gets a reading, and its end")
                case .notAccepted(let problem):
                    continuation.resume(returning: .init(done: false, message: problem))
                case .refused(let problems):
                    let first = problems.first { $0.severity == .error }?.summary ?? "it cannot be read"
                    continuation.resume(
                        returning: .init(
                            done: false, message: "not taken, the last good state stays in force: \(first)",
                            exitCode: 78))
                }
            }
        }
    }

    /// Has the engine carry out an order, once it is durable.
    func give(_ request: ControlRequest) async -> ControlMessage.Answer {
        let now = SystemClock().now()
        let scope: OrderScope
        let names: String
        switch await resolve(request.message.numbers) {
        case .failure(let problem): return .init(done: false, message: problem.description)
        case .success(.all):
            scope = .all
            names = "all numbers"
        case .success(.numbers(let numbers)):
            scope = .numbers(numbers)
            names = numbers.count == 1 ? "\(numbers[0])" : "\(numbers.count) numbers"
        }
        if let problem = await hindrance(of: request.message.kind, scope) {
            return .init(done: false, message: problem)
        }
        let order = request.message.order(by: request.actor, now: now)
        let event = Self.event(of: request, scope, now: now)
        if let failure = await carryOut(order, scope, event) {
            return .init(done: false, message: "not done: \(failure)")
        }
        return .init(done: true, message: "\(request.message.kind.done) \(names)", at: now.description)
    }

    /// Records a look at PINs, with the rotation that follows from it in the same commit.
    func record(_ look: PINLook) async -> Result<Void, StoreFailure> {
        let rule = await reconciliation.commits.result { store throws(StorageError) in
            try store.reader.rotationAfterReveal(of: look.number)
        }
        switch rule {
        case .failure(let error): return .failure(StoreFailure("the store fails: \(error)"))
        case .success(nil):
            let result = await reconciliation.commits.result { store throws(StorageError) in
                try store.commit([.event(look.event)])
            }
            return result.map { _ in }.mapError { StoreFailure($0.description) }
        case .success(let delay?):
            let rotation = look.rotation(after: delay)
            let failure = await carryOut(rotation.order, rotation.scope, rotation.event)
            return failure.map { .failure($0) } ?? .success(())
        }
    }

    /// Has the engine carry out an order; gives why it is not durable, or nil once it is.
    private func carryOut(_ order: Order, _ scope: OrderScope, _ event: EventEntry) async -> StoreFailure? {
        await withCheckedContinuation { continuation in
            let id = desk.expectOrder { continuation.resume(returning: $0) }
            reconciliation.order(id, order, scope, event)
        }
    }

    /// Why an order for single numbers would do nothing for some of them; nil when it would.
    private func hindrance(of kind: ControlMessage.OrderRequest.Kind, _ scope: OrderScope) async -> String? {
        guard kind == .rotate, case .numbers(let numbers) = scope else { return nil }
        let result = await reconciliation.commits.result { store throws(StorageError) in
            try store.reader.rotationHindrances(among: numbers)
        }
        switch result {
        case .failure(let error): return "not done: the store fails: \(error)"
        case .success(let hindrances):
            guard let (number, hindrance) = hindrances.first else { return nil }
            let more = hindrances.count > 1 ? ", and \(hindrances.count - 1) more are like it" : ""
            switch hindrance {
            case .disabled: return "nothing was ordered: \(number) is to be disabled, it has no PIN to rotate\(more)"
            case .operatorPIN(let name):
                return
                    "nothing was ordered: the PIN of \(number) is the operator's own (\(name)), and rotates when that "
                    + "value changes\(more)"
            }
        }
    }

    /// The numbers that are meant: by number or label, all managed.
    private func resolve(_ names: [String]?) async -> Result<OrderScope, StoreFailure> {
        guard let names else { return .success(.all) }
        let result = await reconciliation.commits.result { store throws(StorageError) in
            try store.reader.numbers(named: names)
        }
        switch result {
        case .failure(let error): return .failure(StoreFailure("the store fails: \(error)"))
        case .success(let found):
            let missing = names.filter { found[$0] == nil }
            guard missing.isEmpty, !names.isEmpty else {
                let list = missing.prefix(5).joined(separator: ", ")
                return .failure(
                    StoreFailure("not in the desired state in force: \(list.isEmpty ? "no number" : list)"))
            }
            return .success(.numbers(Array(Set(found.values)).sorted()))
        }
    }

    private static func event(of request: ControlRequest, _ scope: OrderScope, now: Instant) -> EventEntry {
        let why = request.message.reason.map { ": \(ControlService.clean($0, 500))" } ?? ""
        let exposed = request.message.evenExposed ? ", exposed numbers as well" : ""
        var number: PhoneNumber?
        let what: String
        switch scope {
        case .all: what = "all numbers"
        case .numbers(let numbers):
            number = numbers.count == 1 ? numbers[0] : nil
            what =
                numbers.prefix(20).map(\.description).joined(separator: ", ")
                + (numbers.count > 20 ? " and \(numbers.count - 20) more" : "")
        }
        return EventEntry(
            at: now, kind: request.message.kind.event, number: number, actor: request.actor,
            detail: what + exposed + why)
    }
}

extension ControlMessage.Answer {
    static let stopping = ControlMessage.Answer(done: false, message: "the daemon is stopping")

    init(_ result: Result<AdoptionResult.Verdict, StoreFailure>) {
        switch result {
        case .success(.adopted(let adoption)):
            self.init(done: true, message: "revision \(adoption.revision) is in force")
        case .success(.held(let held)):
            self.init(
                done: false,
                message: "held, the last good state stays in force: \(held.weakening); to take it all the same: "
                    + "twostepd accept \(held.sha256.prefix(12))")
        case .success(.kept): self.init(done: false, message: "the file is not valid, the last good state stays in force")
        case .failure(let failure):
            self.init(done: false, message: "the store failed, it is tried again: \(failure)")
        }
    }
}
