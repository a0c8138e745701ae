import Foundation
import Glibc
import Testing

@Suite("Programs that tests start")
struct ChildTests {
    @Test func `a program gets its standard streams, and nothing that happens to be open`() async throws {
        // Inheritable descriptors, such as Foundation's pipes have.
        let descriptors = (0..<20).map { _ in open("/dev/null", O_RDONLY) }
        defer { for descriptor in descriptors { close(descriptor) } }
        // The last one is the folder that it reads.
        #expect(try await Shell.run("ls", ["/proc/self/fd"]) == "0\n1\n2\n3\n")
    }

    @Test func `its end is noticed while what it has started lives on with its streams`() async throws {
        let text = try await Shell.run("sh", ["-c", "sleep 100 & echo $!"])
        let pid = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(kill(pid, SIGKILL) == 0)
    }

    @Test func `one that does not end in time is killed, and what it has started with it`() async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("twostepd-out-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }  // Only output of a test.
        let output = try Child.open(file)
        defer { close(output) }
        let child = try Child(
            program: "/bin/sh", ["-c", "sleep 100 & trap '' TERM; echo $!; while :; do wait; done"], environment: [:],
            output: output,
            errors: 2)
        var pid: Int32?
        try await wait("it says what it has started") {
            pid = Int32(try String(contentsOf: file, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines))
            return pid != nil
        }
        child.signal(SIGTERM)
        #expect(await child.exitCode(within: .zero) == -1)
        #expect(!child.isRunning)
        let started = try #require(pid)
        try await wait("what it has started has ended") {
            // Another process reaps an orphan.
            let state = try? String(contentsOfFile: "/proc/\(started)/stat", encoding: .utf8)
            return state?.contains(") Z ") ?? true
        }
    }

    private func wait(_ what: String, until condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while try await !condition() {
            guard ContinuousClock.now < deadline else { throw TestFailure("waited in vain until \(what)") }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
