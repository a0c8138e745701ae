import Dice
import Planning
import Storage

/// An older copy of the store that is put back, as a restored disk image or a file that was copied while the daemon
/// ran.
///
/// It has its own random generator, so that it does not change runs without a restore. The fence lies in a temporary
/// folder, so that each start compares store and fence as the daemon does.
struct Restore {
    /// One seed in this many has a restore.
    static let period: UInt64 = 5
    /// The maximum of newest writes that a copy lacks.
    private static let maxLostWrites = 200

    /// The folder of the fence; nil when nothing is restored in this run.
    let location: StoreLocation?
    private var random: SplitMix64
    /// The number of events after which the store is replaced.
    let afterEvents: Int?
    /// True when the copy lacks a request or an answer, which the next start must detect.
    var mustBeNoticed = false

    init(seed: UInt64, isWanted: Bool?) throws {
        random = SplitMix64(seed: seed &* 0xD134_2543_DE82_EF95 &+ 11)
        guard isWanted ?? (seed % Self.period == 3) else {
            (location, afterEvents) = (nil, nil)
            return
        }
        location = StoreLocation(directory: try TemporaryFolder.make())
        // The weather clears soon after the shortest runs have reached the first of these.
        afterEvents = random.int(150...1200)
    }

    /// Returns the number of newest writes that the copy lacks.
    mutating func lostWrites() -> Int { random.int(0...random.pick([3, 20, Self.maxLostWrites])) }

    /// Returns the time until an operator starts the daemon on the copy.
    mutating func delay() -> Milliseconds { random.span(.second...3 * .hour) }

    /// Removes the folder.
    func cleanUp() {
        if let location { TemporaryFolder.remove(location.directory) }
    }
}

extension World {
    /// Ends the daemon and replaces its store by an older one. Requests that were sent have taken effect or are lost by
    /// then, which docs/reliability.md states as an assumption.
    func putBackOlderStore() throws {
        guard healthy == nil, restore.location != nil else { return }
        if engine != nil { endProcess() }
        for id in requests.keys.sorted() {
            guard let request = requests[id] else { continue }
            if request.landsAt != nil || request.awaitsRestart {
                requests[id]?.awaitsRestart = false
                requests[id]?.landsAt = clock.elapsed
                try land(id)
            }
            requests[id] = nil
        }
        let lost = journal.drop(newest: restore.lostWrites())
        restore.mustBeNoticed = lost.contains(where: \.concernsRequest)
        note("the store is replaced by one that lacks \(lost.count) writes")
        counters.restores += 1
        store = try journal.replayed(with: key)
        forgetLostTime()
        schedule(.restart, after: restore.delay())
    }

    /// Drops the expectations that depend on the lost writes.
    private func forgetLostTime() {
        for number in scenario.numbers { accounts[number]?.disownPINs() }
        exposure = Exposure()
        excused = []
        ages = [:]
        movedBefore = [:]
        retryAts = [:]
        pauses = [:]
        fleetPause = nil
        limits.forgetDepartures()
        limits.forgetWrites()
        observers.forgetAnswers()
    }

    /// Compares the store with its fence, as each start of the daemon does before anything else.
    func passFence() throws {
        guard let location = restore.location else { return }
        let finding = try store.passFence(at: location, now: clock.wall)
        switch finding {
        case .current:
            guard !restore.mustBeNoticed else {
                throw Violation(.truthIsBelieved, "a store without its newest requests is taken for the current one")
            }
        case .behind, .withoutLink, .withoutRequest:
            guard counters.restores > 0 else {
                throw Violation(.housekeeping, "a store that nobody replaced counts as restored: \(finding)")
            }
            note("the store is found to be restored: \(finding)")
        case .missing, .copy: throw Violation(.housekeeping, "the fence says \(finding)")
        }
        if counters.restores == 0 { journal.append(.start(at: clock.wall)) }
        restore.mustBeNoticed = false
    }
}
