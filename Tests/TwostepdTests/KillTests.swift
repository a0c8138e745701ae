import Foundation
import Planning
import SimulatedVendor
import Storage
import Testing

@Suite("The real process, killed again and again", .longInTurn)
struct KillTests {
    /// The count of kills.
    static let kills = 100

    @Test
    func `after each of 100 kills the vendor's truth is in the belief, and in the end each shown PIN is the live one`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(6), defaults: ["rotate_every: 2s", "reapply_every: 3s"], seed: 11)
        rig.vendor.setFaults([
            .closeBefore: 0.03, .closeAfter: 0.05, .landLate: 0.05, .slow: 0.15, .serverErrorAfter: 0.03,
            .truncated: 0.02,
            .refuseEnable: 0.02, .refuseDisable: 0.02, .tooManyRequests: 0.01,
        ])
        var random = SeededGenerator(seed: 42)
        let first = try await rig.startDaemon()
        first.signal(SIGKILL)
        #expect(await first.exitCode() == -1)
        for kill in 1...Self.kills {
            let daemon = try Child(
                ["run", "--config", rig.config.path], output: rig.folder.appendingPathComponent("daemon.out"),
                errors: rig.log)
            let target = rig.vendor.counters.requests + Int.random(in: 1...6, using: &random)
            try await rig.wait("kill \(kill) is due") { rig.vendor.counters.requests >= target }
            // A random delay, so that kills fall before, between and after the writes that surround a request.
            try await Task.sleep(for: .microseconds(Int.random(in: 0...20_000, using: &random)))
            daemon.signal(SIGKILL)
            #expect(await daemon.exitCode() == -1)
            #expect(try Self.lies(rig) == [], "after kill \(kill)")
        }
        #expect(rig.vendor.counters.faults > Self.kills / 4, "the vendor was faulty")
        rig.vendor.setFaults([:])
        try rig.writeDesiredState(defaults: ["rotate_every: never"])
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        #expect(try await rig.disagreements() == [])
        #expect(await rig.stop(daemon) == 0)
        let interrupted = try await Shell.run(
            "sqlite3", [rig.store.path, "SELECT count(*) FROM changes WHERE outcome_reason = 'daemon_stopped'"])
        #expect(
            (Int(interrupted.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0) > 5, "kills met requests in flight")
        try await rig.end()
    }

    /// Returns the numbers whose true state is not in the durable belief, or whose live PIN is not in the store.
    private static func lies(_ rig: Rig) throws -> [String] {
        let location = StoreLocation(directory: rig.store.deletingLastPathComponent().path)
        guard location.hasStore else { return [] }
        let reader = try StoreReader.open(at: location, key: try SealingKey.load(file: location.key))
        var lies: [String] = []
        for entry in rig.entries {
            // The truth is read first: the belief was widened before the kill for every later effect at the vendor as
            // well.
            guard let truth = rig.truth(entry), let number = PhoneNumber(entry.number),
                let record = try reader.record(number, at: .distantFuture)
            else { continue }
            let belief = record.belief
            let holds =
                switch truth {
                case .off: belief.maybeOff
                case .on(let pin):
                    belief.maybeForeign
                        || belief.generations.contains { record.generation($0)?.pin?.reveal() == pin }
                }
            if !holds { lies.append("\(entry.label) is \(truth), believed \(belief.elements)") }
        }
        try reader.close()
        return lies
    }
}
