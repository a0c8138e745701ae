import Foundation
import Glibc
import SimulatedVendor
import Testing

@Suite("The real process in hard times: damaged, lost, full and restored stores", .inTurn)
struct HardTimesTests {
    @Test func `a backup that is put back makes every belief gain foreign, and every number is certain again`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(3), defaults: ["rotate_every: never"])
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        let copy = rig.folder.appendingPathComponent("copy.sqlite")
        #expect(try await rig.run("backup", copy.path).code == 0)
        #expect(try await rig.run("backup", copy.path).code == 1, "an existing file is never overwritten")
        try rig.writeDesiredState(defaults: ["rotate_every: 1s"])
        try await rig.wait("PINs were rotated after the copy") { rig.vendor.counters.requests > 12 }
        #expect(await rig.stop(daemon) == 0)

        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: rig.store.path + suffix)  // The log may be gone already.
        }
        try FileManager.default.copyItem(at: copy, to: rig.store)
        try rig.writeDesiredState(defaults: ["rotate_every: never"])
        let second = try await rig.startDaemon()
        #expect(rig.logText.contains("Store was restored"))
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        #expect(try await rig.disagreements() == [])
        #expect(await rig.stop(second) == 0)
        let events = try await Shell.run(
            "sqlite3", [rig.store.path, "SELECT detail FROM events WHERE kind = 'store_restored'"])
        #expect(events.contains("foreign"))
        let third = try await rig.startDaemon()
        #expect(rig.logText.components(separatedBy: "Store was restored").count == 2, "it is told once")
        #expect(await rig.stop(third) == 0)
        try await rig.end()
    }

    @Test func `an older file put in place of the store is noticed by its fence`() async throws {
        let rig = try await Rig(Rig.fleet(2))
        #expect(try await rig.run("apply").code == 0)
        let old = rig.folder.appendingPathComponent("old.sqlite")
        try FileManager.default.copyItem(at: rig.store, to: old)
        #expect(try await rig.run("apply").code == 0)
        try FileManager.default.removeItem(at: rig.store)
        try FileManager.default.copyItem(at: old, to: rig.store)
        let requests = rig.vendor.counters.requests
        let result = try await rig.run("apply")
        #expect(result.code == 0)
        #expect(result.errors.contains("Store was restored"))
        #expect(rig.vendor.counters.requests >= requests + 4, "each number is reset")
        #expect(try await rig.disagreements() == [])
        try await rig.end()
    }

    @Test(arguments: [SIGTERM, SIGKILL])
    func `a copy from the same start that is put back is noticed, however the daemon ended`(by signal: Int32)
        async throws
    {
        let rig = try await Rig(Rig.fleet(3), defaults: ["rotate_every: never"])
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        let copy = rig.folder.appendingPathComponent("copy.sqlite")
        _ = try await Shell.run("sqlite3", [rig.store.path, ".backup '\(copy.path)'"])
        #expect(try await rig.run("rotate", "n2", "--wait", "--reason", "drill").code == 0)
        daemon.signal(signal)
        _ = await daemon.exitCode()

        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: rig.store.path + suffix)  // The log may be gone already.
        }
        try FileManager.default.copyItem(at: copy, to: rig.store)
        let second = try await rig.startDaemon()
        #expect(rig.logText.contains("Store was restored") && rig.logText.contains("does not hold link"))
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        #expect(try await rig.disagreements() == [])
        // A store that is restored as it was when it was closed is the newest there is.
        #expect(await rig.stop(second) == 0)
        try FileManager.default.removeItem(at: copy)
        try FileManager.default.copyItem(at: rig.store, to: copy)
        try FileManager.default.removeItem(at: rig.store)
        try FileManager.default.copyItem(at: copy, to: rig.store)
        let third = try await rig.startDaemon()
        #expect(rig.logText.components(separatedBy: "Store was restored").count == 2, "it is told once")
        #expect(await rig.stop(third) == 0)
        try await rig.end()
    }

    @Test(arguments: ["truncated", "flipped"])
    func `a damaged store stops the daemon with 78 and says what to do`(_ how: String) async throws {
        let rig = try await Rig(Rig.fleet(3))
        #expect(try await rig.run("apply").code == 0)
        var bytes = try Data(contentsOf: rig.store)
        if how == "truncated" {
            bytes = bytes.prefix(bytes.count / 2)
        } else {
            for index in stride(from: 4096 + 8, to: bytes.count, by: 97) { bytes[index] ^= 0x55 }
        }
        try bytes.write(to: rig.store)
        let requests = rig.vendor.counters.requests
        let result = try await rig.run("run")
        #expect(result.code == 78)
        #expect(result.errors.contains("backup") && result.errors.contains("move the file away"), "\(result.errors)")
        #expect(rig.vendor.counters.requests == requests)
        try await rig.end()
    }

    @Test func `a store of a development version before 0.1.0 stops the daemon with 78, and stays as it is`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(2))
        #expect(try await rig.run("apply").code == 0)
        _ = try await Shell.run(
            "sqlite3",
            [
                rig.store.path,
                "UPDATE grdb_migrations SET identifier = '0001-first-tables'; "
                    + "INSERT INTO grdb_migrations VALUES ('0002-fence')",
            ])
        let before = try Data(contentsOf: rig.store)
        let requests = rig.vendor.counters.requests
        for (command, code) in [("run", 78), ("apply", 78), ("status", 1)] as [(String, Int32)] {
            let result = try await rig.run(command)
            #expect(result.code == code && result.errors.contains("before 0.1.0"), "\(command): \(result.errors)")
        }
        #expect(try Data(contentsOf: rig.store) == before)
        #expect(rig.vendor.counters.requests == requests)
        try await rig.end()
    }

    @Test func `with an empty store every number gets a fresh PIN`() async throws {
        let rig = try await Rig(Rig.fleet(3, disabled: 1))
        #expect(try await rig.run("apply").code == 0)
        try FileManager.default.removeItem(at: rig.store.deletingLastPathComponent())
        #expect(try await rig.run("apply").code == 0)
        #expect(try await rig.disagreements() == [])
        try await rig.end()
    }

    @Test func `a clock behind the record holds rotations, is shown, and can be accepted`() async throws {
        let rig = try await Rig(Rig.fleet(2), defaults: ["rotate_every: 1s"])
        #expect(try await rig.run("apply").code == 0)
        _ = try await Shell.run(
            "sqlite3", [rig.store.path, "UPDATE store_state SET clock_mark = '2999-01-01T00:00:00.000Z'"])
        let requests = rig.vendor.counters.requests
        let daemon = try await rig.startDaemon()
        try await rig.wait("the log says so") { rig.logText.contains("Clock is behind") }
        try await rig.wait("rotations are held") {
            try await rig.status().values.allSatisfy { $0["reason"] as? String == "clock_behind" }
        }
        #expect(rig.vendor.counters.requests == requests)
        #expect(try await rig.run("status").output.contains("clock: BEHIND"))
        #expect(try await rig.run("clock", "accept").code == 1, "not beside a daemon")
        #expect(await rig.stop(daemon) == 0)
        #expect(try await rig.run("clock", "accept").code == 0)
        let second = try await rig.startDaemon()
        try await rig.wait("rotations continue") { rig.vendor.counters.requests > requests + 3 }
        #expect(await rig.stop(second) == 0)
        let events = try await Shell.run("sqlite3", [rig.store.path, "SELECT kind FROM events"])
        #expect(events.contains("clock_behind") && events.contains("clock_accepted"))
        try await rig.end()
    }

    @Test func `a rubbish log beside the store does no harm`() async throws {
        let rig = try await Rig(Rig.fleet(2))
        #expect(try await rig.run("apply").code == 0)
        try Data(repeating: 0x37, count: 50_000).write(to: URL(fileURLWithPath: rig.store.path + "-wal"))
        #expect(chmod(rig.store.path + "-wal", 0o600) == 0)
        #expect(try await rig.run("apply").code == 0)
        #expect(try await rig.disagreements() == [])
        try await rig.end()
    }

    @Test func `a store that is removed under the running daemon stops all requests, and is said`() async throws {
        let rig = try await Rig(Rig.fleet(2), defaults: ["rotate_every: 1s"])
        let daemon = try await rig.startDaemon()
        try await rig.wait("some rotations") { rig.vendor.counters.requests > 8 }
        try FileManager.default.removeItem(at: rig.store)
        try await rig.wait("the log says so") { rig.logText.contains("removed or replaced") }
        let requests = rig.vendor.counters.requests
        try await rig.wait("it was tried again") {
            rig.logText.components(separatedBy: "removed or replaced").count > 2
        }
        #expect(rig.vendor.counters.requests <= requests + 2, "only what was in flight already")
        daemon.signal(SIGKILL)
        _ = await daemon.exitCode()
        try await rig.end()
    }

    @Test(whereMountsWork)
    func `a full disk stops all requests; when there is space again, the work goes on by itself`() async throws {
        let rig = try await Rig(Rig.fleet(3), defaults: ["rotate_every: 1s"])
        let state = rig.folder.appendingPathComponent("state")
        try FileManager.default.createDirectory(at: state, withIntermediateDirectories: false)
        try await Shell.mount(["-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs", state.path])
        do {
            let daemon = try await rig.startDaemon()
            try await rig.wait("some rotations") { rig.vendor.counters.requests > 10 }
            let filler = state.appendingPathComponent("filler")
            try fill(filler)
            try await rig.wait("the log says that the disk is full") { rig.logText.contains("is full") }
            try await rig.wait("every request that was sent has its record") {
                try await Self.recorded(rig) >= rig.vendor.counters.requests
            }
            try FileManager.default.removeItem(at: filler)
            let requests = rig.vendor.counters.requests
            try await rig.wait("the work goes on", seconds: 90) { rig.vendor.counters.requests > requests + 6 }
            #expect(rig.logText.contains("Store works again"))
            #expect(await rig.stop(daemon) == 0)
            #expect(try await Self.recorded(rig) >= rig.vendor.counters.requests)
            #expect(try await rig.disagreements() == [])
        } catch {
            try await Shell.unmount(state.path)
            throw error
        }
        try await Shell.unmount(state.path)
        try await rig.end()
    }

    @Test(whereMountsWork)
    func `a start on a read-only file system fails and names the path`() async throws {
        let rig = try await Rig(Rig.fleet(1))
        #expect(try await rig.run("apply").code == 0)
        let state = rig.store.deletingLastPathComponent().path
        try await Shell.mount(["--bind", state, state])
        try await Shell.mount(["-o", "remount,bind,ro", state])
        let result = try await rig.run("run")
        try await Shell.unmount(state)
        #expect(result.code != 0)
        #expect(result.errors.contains(state))
        try await rig.end()
    }

    /// Mounts need root, and a sandbox may forbid them.
    private static let whereMountsWork = ConditionTrait.enabled("mounts need root, and are forbidden in some sandboxes")
    {
        guard getuid() == 0 else { return false }
        let attempt = "unshare --mount mount -t tmpfs tmpfs /mnt 2>/dev/null && echo works || true"
        return try await Shell.run("sh", ["-c", attempt]).contains("works")
    }

    private static func recorded(_ rig: Rig) async throws -> Int {
        Int(
            try await Shell.run("sqlite3", [rig.store.path, "SELECT count(*) FROM changes"])
                .trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
    }

    /// Writes until the file system is full.
    private func fill(_ file: URL) throws {
        let descriptor = open(file.path, O_WRONLY | O_CREAT, 0o600)
        guard descriptor >= 0 else { throw TestFailure("cannot open \(file.path)") }
        defer { close(descriptor) }
        let block = [UInt8](repeating: 1, count: 4096)
        while write(descriptor, block, block.count) > 0 {}
    }
}

extension Shell {
    static func mount(_ arguments: [String]) async throws { _ = try await run("mount", arguments) }
    static func unmount(_ path: String) async throws { _ = try await run("umount", ["-l", path]) }
}
