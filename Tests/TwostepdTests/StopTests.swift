import Foundation
import Testing

@testable import Daemon

@Suite("A stop while others want something, the real binary", .inTurn)
struct StopTests {
    @Test func `it gets to its end while connections come in all the time, and the history says so`() async throws {
        let rig = try await Rig(Rig.fleet(2))
        let socket = "\(rig.folder.path)/run/control.sock"
        for round in 1...5 {
            let daemon = try await rig.startDaemon()
            await withTaskGroup(of: Void.self) { group in
                for _ in 1...2 {
                    group.addTask {
                        while !Task.isCancelled {
                            _ = LocalSocket.answers(at: socket)
                            await Task.yield()
                        }
                    }
                }
                #expect(await rig.stop(daemon) == 0, "round \(round): \(rig.logText.suffix(500))")
                group.cancelAll()
            }
        }
        #expect(try await rig.query("SELECT count(*) FROM events WHERE kind = 'stopped'") == ["5"])
        try await rig.end()
    }
}
