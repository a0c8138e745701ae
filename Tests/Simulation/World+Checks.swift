import Planning
import Reconciler
import Storage

/// The invariants that hold at every instant.
extension World {
    /// The maximum count of possible PINs: an outage must not accumulate them.
    private static let maxCandidates = 4

    /// Checks I1 and I2: the vendor's true state is in the durable belief, and our live PIN is in the store.
    func checkBelief(of number: PhoneNumber) throws {
        guard let record = durable[number], let identity = record.identity?.naming, let account = accounts[number]
        else {
            return
        }
        if account.identity != identity {
            if account.identity != nil { exposure.forget(number) }
            observers.forget(number)
            accounts[number]?.use(identity)
        }
        guard let truth = accounts[number]?.truth else { return }
        let belief = record.belief
        let believed = belief.generations.compactMap { record.generation($0)?.pin }
        guard believed.count == belief.generations.count else {
            throw Violation(.pinsAreKept, "a PIN of \(Self.text(of: record)) is not in the store")
        }
        if belief.generations.count > Self.maxCandidates {
            throw Violation(.housekeeping, "PINs pile up: \(Self.text(of: record))")
        }
        let isBelieved =
            switch truth {
            case .off: belief.maybeOff
            case .foreign(let pin): belief.maybeForeign || believed.contains(pin)
            case .ours(let pin): believed.contains(pin)
            }
        observers.store(record)
        if observers.strange.contains(number) {
            // For a number that others change only this can be known, and only once it was seen.
            let isRight = truth == .off ? belief.maybeOff : belief.maybeForeign || !believed.isEmpty
            guard isRight || observers.unseen[number] != nil else {
                throw Violation(.truthIsBelieved, "the vendor is \(truth.text), seen is \(Self.text(of: record))")
            }
            return
        }
        guard isBelieved else {
            throw Violation(.truthIsBelieved, "the vendor is \(truth.text), believed is \(Self.text(of: record))")
        }
    }

    /// Checks I5 and I7, one request in flight for each number, and the limit on all requests in flight.
    func checkMayBeSent(_ call: VendorCall) throws {
        guard let desired = inForce[call.number] else {
            throw Violation(.onlyManagedNumbers, "a request for \(call.number) is sent")
        }
        guard desired.tokenName == call.tokenName, desired.endpoint == call.endpoint else {
            throw Violation(.onlyManagedNumbers, "a request for \(call.number) uses another token or endpoint")
        }
        let open = try store.reader.unansweredChanges().first { $0.id == call.changeID }
        guard let open, open.number == call.number, open.action == call.operation.action else {
            throw Violation(.recordPrecedesRequest, "#\(call.changeID) is sent without its durable record")
        }
        guard let record = try store.reader.record(call.number, at: clock.wall) else {
            throw Violation(.recordPrecedesRequest, "\(call.number) is not in the store")
        }
        let effect = open.generation.map(Effect.on) ?? .off
        guard record.belief.contains(effect), record.belief.doubts.contains(where: { $0.effect == effect }) else {
            throw Violation(.recordPrecedesRequest, "#\(call.changeID) is no doubt of \(Self.text(of: record))")
        }
        if case .enable(let pin) = call.operation, open.generation.flatMap({ record.generation($0)?.pin }) != pin {
            throw Violation(.pinsAreKept, "#\(call.changeID) carries a PIN that is not the stored one")
        }
        let flying = requests.values.filter { $0.life == life && $0.landsAt == nil }
        if flying.contains(where: { $0.call.number == call.number }) {
            throw Violation(.housekeeping, "two requests for \(call.number) are in flight")
        }
        if let most = scenario.policy.concurrency, flying.count >= most {
            throw Violation(.limitsHold, "more than \(most) requests are in flight")
        }
        limits.send(call)
    }
}
