import ConfigFile
import Planning
import Reconciler
import Storage

/// The requests that operators send to the running daemon.
extension DaemonProcess {
    /// Reads the files again, and returns the result for the operator.
    func reloadAndReport(acceptance: Acceptance?) async throws -> ControlMessage.Answer {
        let result: Result<AdoptionResult.Verdict, ControlRefusal> = await withCheckedContinuation { continuation in
            load(acceptance: acceptance) {
                continuation.resume(returning: $0.mapError { .adoptionFailed($0) })
            } notHandedOver: { [revision] load in
                switch load {
                case .handedOver, .unchanged: preconditionFailure("a command gets a reading, and its end")
                case .notAccepted(let problem): continuation.resume(returning: .failure(.notAccepted(problem)))
                case .refused(let problems):
                    continuation.resume(returning: .failure(.invalidFiles(problems, inForce: revision)))
                }
            }
        }
        switch try result.get() {
        case .adopted(let adoption):
            let note = adoption.identityNote.map { "; \($0)" } ?? ""
            return .init(done: true, message: "revision \(adoption.revision) is in force\(note)")
        case .held(let held): throw ControlRefusal.held(held)
        case .kept: throw ControlRefusal.invalidFiles([], inForce: revision)
        }
    }

    /// Has the engine carry out an order, once it is durable.
    func submit(_ request: ControlRequest) async throws -> ControlMessage.Answer {
        let now = SystemClock().now()
        let scope = try await resolve(request.message.numbers)
        let names =
            switch scope {
            case .all: "all numbers"
            case .numbers(let numbers): numbers.count == 1 ? "\(numbers[0])" : numbers.count.counted("number")
            }
        let note = try await checkPurpose(of: request.message.kind, scope)
        let order = request.message.order(by: request.actor, now: now)
        try await carryOut(order, scope, Self.event(of: request, scope, now: now))
        return .init(done: true, message: "\(request.message.kind.done) \(names)\(note)", at: now.description)
    }

    /// Carries out reported observations one after the other: each is durable, with its event, before the next one.
    /// Numbers that are not in the desired state in force are refused after the others.
    func carryOut(_ report: ControlMessage.ObservationReport, by actor: String) async throws -> ControlMessage.Answer {
        var done: [String] = []
        var reported: String? { done.isEmpty ? nil : "reported: \(Self.list(done))" }
        let missing: [String]
        do {
            let found = try await numbers(named: report.items.map(\.number))
            for item in report.items {
                guard let number = found.numbers[item.number] else { continue }
                try await carryOut(item, of: number, by: actor)
                done.append("\(number) \(item.kind.words)")
            }
            missing = found.missing
        } catch {
            throw ControlRefusal.reportFailed(done: reported, error)
        }
        guard missing.isEmpty else {
            throw ControlRefusal.pointless(Self.unknown(missing) + (reported.map { "; \($0)" } ?? ""))
        }
        return .init(done: true, message: reported ?? "nothing was reported")
    }

    private func carryOut(
        _ item: ControlMessage.ObservationReport.Item, of number: PhoneNumber, by actor: String
    ) async throws {
        let now = SystemClock().now()
        let source = ControlService.clean(item.source, ControlMessage.ObservationReport.maxSourceLength)
        let event = EventEntry(
            at: now, kind: item.kind.event, number: number, actor: actor, detail: "\(item.kind.words): \(source)")
        if let kind = item.kind.observation {
            try await carryOut(.observe(Observation(kind, at: now, source: source)), .numbers([number]), event)
        } else {
            try await record(event)
        }
    }

    /// Lists at most 20 texts, and how many more there are.
    private static func list(_ texts: [String]) -> String {
        texts.prefix(20).joined(separator: ", ") + (texts.count > 20 ? " and \(texts.count - 20) more" : "")
    }

    /// Records a reveal of PINs, with the rotation that follows from it in the same commit.
    func record(_ reveal: PendingReveal) async throws {
        let delay = try await reconciliation.commits.result { store throws(StorageError) in
            try store.reader.rotationAfterReveal(of: reveal.number)
        }.get()
        guard let delay else { return try await record(reveal.event) }
        let rotation = reveal.rotation(after: delay)
        try await carryOut(rotation.order, rotation.scope, rotation.event)
    }

    /// Appends an event that has no consequences.
    private func record(_ event: EventEntry) async throws {
        _ = try await reconciliation.commits.result { store throws(StorageError) in try store.commit([.event(event)]) }
            .get()
    }

    /// Has the engine carry out an order; it is durable when this returns.
    private func carryOut(_ order: Order, _ scope: OrderScope, _ event: EventEntry) async throws(StoreFailure) {
        let failure: StoreFailure? = await withCheckedContinuation { continuation in
            let id = pendingReplies.expectOrder { continuation.resume(returning: $0) }
            reconciliation.order(id, order, scope, event)
        }
        if let failure { throw failure }
    }

    /// Refuses an order that would have no effect, and an order to rotate that would have none for some of its numbers.
    ///
    /// - Returns: an addition to the answer, such as the numbers for which the order has to wait; empty for none.
    private func checkPurpose(
        of kind: ControlMessage.OrderRequest.Kind, _ scope: OrderScope
    ) async throws -> String {
        switch (kind, scope) {
        case (.pause, _): return ""
        case (.resume, .all):
            let pause = try await reconciliation.commits.result { store throws(StorageError) in
                try store.reader.fleetPause()
            }.get()
            guard pause == nil else { return "" }
            throw ControlRefusal.pointless(
                "nothing was ordered: there is no pause of all numbers; those paused one by one are resumed by name"
            )
        case (.resume, .numbers(let numbers)):
            let paused = try await self.paused(among: numbers)
            let others = Self.list(numbers.filter { !paused.contains($0) }.map(\.description))
            guard !paused.isEmpty else { throw ControlRefusal.pointless("nothing was ordered: not paused: \(others)") }
            return others.isEmpty ? "" : "; not paused: \(others)"
        case (.rotate, .all), (.reapply, .all), (.reset, .all):
            let count = try await reconciliation.commits.result { store throws(StorageError) in
                try store.reader.managedCount(withOwnPIN: kind == .rotate)
            }.get()
            guard count == 0 else { return try await waiting(for: []) }
            throw ControlRefusal.pointless(
                kind == .rotate
                    ? "nothing was ordered: no number of the desired state in force has a PIN of ours"
                    : "nothing was ordered: no desired state with numbers is in force")
        case (.rotate, .numbers(let numbers)):
            try await checkRotation(of: numbers)
            return try await waiting(for: numbers)
        case (.reapply, .numbers(let numbers)), (.reset, .numbers(let numbers)): return try await waiting(for: numbers)
        }
    }

    private func paused(among numbers: [PhoneNumber]) async throws -> [PhoneNumber] {
        try await reconciliation.commits.result { store throws(StorageError) in
            try store.reader.pausedNumbers(among: numbers)
        }.get()
    }

    /// Returns the pauses that work on these numbers waits for, as the end of a sentence; empty for none.
    private func waiting(for numbers: [PhoneNumber]) async throws -> String {
        let fleet = try await reconciliation.commits.result { store throws(StorageError) in
            try store.reader.fleetPause()
        }.get()
        guard fleet == nil else { return "; it waits: all numbers are paused, until `twostepd resume`" }
        let paused = try await self.paused(among: numbers).map(\.description)
        return paused.isEmpty ? "" : "; it waits, until it is resumed: \(Self.list(paused))"
    }

    private func checkRotation(of numbers: [PhoneNumber]) async throws {
        let hindrances = try await reconciliation.commits.result { store throws(StorageError) in
            try store.reader.rotationHindrances(among: numbers)
        }.get()
        guard let (number, hindrance) = hindrances.first else { return }
        let more = hindrances.count > 1 ? ", and \(hindrances.count - 1) more are like it" : ""
        let why =
            switch hindrance {
            case .disabled: "\(number) should be disabled, and has no PIN to rotate"
            case .operatorPIN(let name):
                "the PIN of \(number) is the operator's own (\(name)), and rotates when that value changes"
            }
        throw ControlRefusal.pointless("nothing was ordered: \(why)\(more)")
    }

    /// Returns the managed numbers that are meant, by number or label; all for nil.
    private func resolve(_ names: [String]?) async throws -> OrderScope {
        guard let names else { return .all }
        let found = try await numbers(named: names)
        guard found.missing.isEmpty, !names.isEmpty else {
            throw ControlRefusal.pointless(Self.unknown(found.missing.isEmpty ? ["no number"] : found.missing))
        }
        return .numbers(Array(Set(found.numbers.values)).sorted())
    }

    /// Returns the managed numbers with these numbers or labels, and the names that match none.
    private func numbers(named names: [String]) async throws -> (numbers: [String: PhoneNumber], missing: [String]) {
        let found = try await reconciliation.commits.result { store throws(StorageError) in
            try store.reader.numbers(named: names)
        }.get()
        return (found, names.filter { found[$0] == nil }.map { ControlService.clean($0, 64) })
    }

    private static func unknown(_ names: [String]) -> String { "not in the desired state in force: \(list(names))" }

    private static func event(of request: ControlRequest, _ scope: OrderScope, now: Instant) -> EventEntry {
        let why = request.message.reason.map { ": \(ControlService.clean($0, 500))" } ?? ""
        let exposed = request.message.evenExposed ? ", exposed numbers as well" : ""
        var number: PhoneNumber?
        let what: String
        switch scope {
        case .all: what = "all numbers"
        case .numbers(let numbers):
            number = numbers.count == 1 ? numbers[0] : nil
            what = list(numbers.map(\.description))
        }
        return EventEntry(
            at: now, kind: request.message.kind.event, number: number, actor: request.actor,
            detail: what + exposed + why)
    }
}
