import Foundation
import Glibc
import SimulatedVendor
import Testing

@Suite("Files that are watched, the real binary", .inTurn)
struct WatchTests {
    /// Makes a rig whose desired state is in a folder of its own.
    private func rig() async throws -> (rig: Rig, folder: URL, file: URL) {
        let rig = try await Rig(Rig.fleet(2))
        let folder = rig.folder.appendingPathComponent("config")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        let file = folder.appendingPathComponent("desired-state.yaml")
        try FileManager.default.moveItem(at: rig.desiredState, to: file)
        let settings = try String(contentsOf: rig.config, encoding: .utf8)
        try rig.write(
            settings.replacing("desired_state: desired-state.yaml", with: "desired_state: config/desired-state.yaml"),
            to: rig.config)
        return (rig, folder, file)
    }

    /// Overwrites the content of a file in place.
    private func overwrite(_ file: URL, _ text: String) throws {
        let handle = try FileHandle(forWritingTo: file)
        try handle.truncate(atOffset: 0)
        try handle.write(contentsOf: Data(text.utf8))
        try handle.close()
    }

    @Test func `an edit is noticed after the folder was renamed away and another put in its place`() async throws {
        let (rig, folder, file) = try await rig()
        let text = try String(contentsOf: file, encoding: .utf8)
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }

        let (new, old) = (rig.folder.appendingPathComponent("new"), rig.folder.appendingPathComponent("old"))
        try FileManager.default.createDirectory(at: new, withIntermediateDirectories: false)
        try rig.write(text, to: new.appendingPathComponent("desired-state.yaml"))
        #expect(rename(folder.path, old.path) == 0 && rename(new.path, folder.path) == 0)
        try overwrite(file, text + "    verification: disabled\n")
        try await rig.wait("the last number is off") { rig.truth(rig.entries[1]) == .off }
        try overwrite(old.appendingPathComponent("desired-state.yaml"), "no longer in its place\n")
        try overwrite(file, text)
        try await rig.wait("it is on again") { rig.truth(rig.entries[1])?.pin != nil }
        #expect(!rig.logText.contains("not valid"))
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `an edit in place of a file that is mounted alone is noticed`() async throws {
        let (rig, _, file) = try await rig()
        let host = rig.folder.appendingPathComponent("host.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
        try rig.write(text, to: host)
        let log = try Child.open(rig.log)
        defer { close(log) }
        // As in a container: the file is mounted over another one, and written through its own directory.
        let daemon = try Child(
            program: "/usr/bin/unshare",
            [
                "--user", "--map-root-user", "--mount", "sh", "-c",
                "mount --bind '\(host.path)' '\(file.path)' && exec '\(Binary.url.path)' run --config '\(rig.config.path)'",
            ],
            environment: ProcessInfo.processInfo.environment, output: log, errors: log)
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        try overwrite(host, text + "    verification: disabled\n")
        try await rig.wait("the last number is off") { rig.truth(rig.entries[1]) == .off }
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `with every inotify watch used up edits are noticed all the same, and log, status and doctor say how`()
        async throws
    {
        let (rig, _, file) = try await rig()
        let text = try String(contentsOf: file, encoding: .utf8)
        let log = try Child.open(rig.log)
        defer { close(log) }
        // Lowers the limit of a user namespace of its own.
        let daemon = try Child(
            program: "/usr/bin/unshare",
            [
                "--user", "--map-root-user", "sh", "-c",
                "echo 2 > /proc/sys/user/max_inotify_watches && exec '\(Binary.url.path)' run --config '\(rig.config.path)'",
            ],
            environment: ProcessInfo.processInfo.environment, output: log, errors: log)
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        let said = "no inotify watch is left for this user"
        #expect(
            rig.logText.split(separator: "\n").count { $0.contains("Files cannot be watched") && $0.contains(said) }
                == 1)
        let status = try await rig.run("status").output
        #expect(status.contains("files: NOT WATCHED") && status.contains(said), "\(status)")
        let doctor = try await rig.run("doctor").output
        #expect(doctor.contains("file watching: not by the daemon:") && doctor.contains("fs.inotify.max_user_watches"))

        try overwrite(file, text + "    verification: disabled\n")
        try await rig.wait("the last number is off", seconds: 60) { rig.truth(rig.entries[1]) == .off }
        // A reload does not wait for a comparison of files.
        try overwrite(file, text)
        #expect(try await rig.run("reload").code == 0)
        try await rig.wait("it is on again", seconds: 20) { rig.truth(rig.entries[1])?.pin != nil }
        #expect(await rig.stop(daemon) == 0)
        #expect(rig.logText.split(separator: "\n").count { $0.contains("Files cannot be watched") } == 1)
        try await rig.end()
    }
}
