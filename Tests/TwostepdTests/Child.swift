import Foundation
import Glibc
import LinuxShim
import Synchronization

/// The real binary, beside the test bundle.
enum Binary {
    static let url = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        .appendingPathComponent("twostepd")

    struct Result: Sendable {
        let code: Int32
        let output: String
        let errors: String

        /// Returns the output as a JSON object.
        func json() throws -> [String: Any] {
            let object = try JSONSerialization.jsonObject(with: Data(output.utf8))
            guard let dictionary = object as? [String: Any] else { throw TestFailure("not a JSON object: \(output)") }
            return dictionary
        }
    }

    /// Runs a command to its end. Its output goes to files, so that no pipe can fill up.
    ///
    /// - Parameter input: the file for its standard input; nil for none.
    static func run(
        _ arguments: [String], environment: [String: String] = [:], input: URL? = nil
    ) async throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("twostepd-out-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }  // Only output of a test.
        let (out, err) = (folder.appendingPathComponent("out"), folder.appendingPathComponent("err"))
        let child = try Child(arguments, input: input, output: out, errors: err, environment: environment)
        let code = await child.exitCode()
        return Result(
            code: code, output: try String(contentsOf: out, encoding: .utf8),
            errors: try String(contentsOf: err, encoding: .utf8))
    }
}

/// Other programs of the system.
enum Shell {
    /// Runs a program of `PATH` to its end, and returns its output. The program and its children are killed when it
    /// does not end in time.
    static func run(_ command: String, _ arguments: [String], within limit: Duration = .seconds(120)) async throws
        -> String
    {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("twostepd-out-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }  // Only output of a test.
        let output = try Child.open(file)
        defer { close(output) }
        let child = try Child(
            program: "/usr/bin/env", [command] + arguments, environment: ProcessInfo.processInfo.environment,
            output: output, errors: 2)
        let code = await child.exitCode(within: limit)
        let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        guard code == 0 else { throw TestFailure("\(command) failed with \(code): \(text.suffix(2000))") }
        return text
    }
}

/// A running program, in a process group of its own.
///
/// It gets its standard streams and no other open descriptor, and the kernel reports its end. Foundation's `Process`
/// lets a child inherit a descriptor that another thread opens at that moment, and treats it as running for as long as
/// any process has that descriptor.
final class Child: Sendable {
    let pid: Int32
    private let ending = Ending()

    /// The exit code, and the callers that wait for it.
    private final class Ending: Sendable {
        struct State {
            var code: Int32?
            var waiting: [CheckedContinuation<Int32, Never>] = []
        }

        let state = Mutex(State())

        /// Signals a process, or with a negative number its group, unless it has ended: its number may be another's.
        func signal(_ number: Int32, _ target: Int32) {
            state.withLock { _ = $0.code == nil ? kill(target, number) : 0 }
        }

        /// Waits for the end, on a thread of its own.
        func watch(_ pid: Int32) {
            Thread.detachNewThread { [self] in
                var info = siginfo_t()
                while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) < 0, errno == EINTR {}
                let (code, waiting) = state.withLock { state in
                    var status: Int32 = 0
                    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
                    let code = status & 0x7f == 0 ? (status >> 8) & 0xff : -1
                    defer { state.waiting = [] }
                    state.code = code
                    return (code, state.waiting)
                }
                for continuation in waiting { continuation.resume(returning: code) }
            }
        }

        func code() async -> Int32 {
            await withCheckedContinuation { continuation in
                let code = state.withLock { state in
                    if state.code == nil { state.waiting.append(continuation) }
                    return state.code
                }
                if let code { continuation.resume(returning: code) }
            }
        }
    }

    /// Starts the real binary; its output is appended to files.
    ///
    /// - Parameter input: the file for its standard input; nil for none.
    convenience init(
        _ arguments: [String], input: URL? = nil, output: URL, errors: URL, environment: [String: String] = [:]
    ) throws {
        var all = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("TWOSTEPD_") }
        all["NOTIFY_SOCKET"] = nil
        let out = try Self.open(output)
        defer { close(out) }
        let err = try Self.open(errors)
        defer { close(err) }
        let source = Glibc.open(input?.path ?? "/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(source) }
        try self.init(
            program: Binary.url.path, arguments, environment: all.merging(environment) { $1 }, input: source,
            output: out, errors: err)
    }

    /// Starts a program. The caller keeps the descriptors.
    ///
    /// - Parameter input: the descriptor for its standard input; nil for none.
    init(
        program: String, _ arguments: [String], environment: [String: String], input: Int32? = nil, output: Int32,
        errors: Int32
    ) throws {
        let nothing = Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(nothing) }
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (words + variables).forEach { free($0) } }
        var pid: Int32 = 0
        let error = twostepd_spawn(&words, &variables, input ?? nothing, output, errors, &pid)
        guard error == 0 else { throw TestFailure("cannot start \(program): \(String(cString: strerror(error)))") }
        self.pid = pid
        ending.watch(pid)
    }

    deinit {
        // A failed test leaves no daemon behind.
        ending.signal(SIGKILL, -pid)
    }

    var isRunning: Bool { ending.state.withLock { $0.code == nil } }

    func signal(_ number: Int32) { ending.signal(number, pid) }

    /// Waits for the end; returns -1 when a signal ended it. A program that does not end in time is killed, with its
    /// group.
    func exitCode(within limit: Duration = .seconds(120)) async -> Int32 {
        let guardian = Task { [ending, pid] in
            try await Task.sleep(for: limit)
            ending.signal(SIGKILL, -pid)
        }
        defer { guardian.cancel() }
        return await ending.code()
    }

    /// Opens a file to append to; no program that is started inherits it by chance.
    static func open(_ file: URL) throws -> Int32 {
        let descriptor = Glibc.open(file.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw TestFailure("cannot open \(file.path): \(String(cString: strerror(errno)))")
        }
        return descriptor
    }
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
