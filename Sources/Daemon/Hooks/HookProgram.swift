import Foundation
import Glibc
import LinuxShim
import Planning

/// Runs a program with data on its standard input, and ends it at a timeout.
///
/// It gets a clean environment, the working directory `/`, no descriptors but its three, and a process group of its
/// own, which is ended with it. The call blocks: each run has a thread.
enum HookProgram {
    /// The reason why a run does not count as done.
    struct Failure: Error, Hashable, CustomStringConvertible {
        let description: String
    }

    /// The bytes of its output that are kept for the error: far more than is shown, so that the cut never falls inside
    /// a secret that is shown.
    private static let outputLimit = 8192

    /// Runs `command`. Cancelling the task ends the program at once, as its timeout would.
    static func run(
        _ command: [String], environment: [String: String], input: [UInt8], timeout: Duration
    ) async throws(Failure) {
        guard let interruption = Interruption() else { throw failure("no pipe can be created", errno) }
        let result = await withTaskCancellationHandler {
            await runOnThread(command, environment, input, timeout, interruption)
        } onCancel: {
            interruption.begin()
        }
        try result.get()
    }

    private static func runOnThread(
        _ command: [String], _ environment: [String: String], _ input: [UInt8], _ timeout: Duration,
        _ interruption: Interruption
    ) async -> Result<Void, Failure> {
        await withCheckedContinuation { continuation in
            let thread = Thread {
                // A program that does not read its input must not end this process.
                var pipe = sigset_t()
                sigemptyset(&pipe)
                sigaddset(&pipe, SIGPIPE)
                pthread_sigmask(SIG_BLOCK, &pipe, nil)
                continuation.resume(
                    returning: Result { () throws(Failure) in
                        try runBlocking(command, environment, input, timeout, interruption)
                    })
            }
            thread.name = "twostepd.hook"
            thread.start()
        }
    }

    private static func runBlocking(
        _ command: [String], _ environment: [String: String], _ input: [UInt8], _ timeout: Duration,
        _ interruption: Interruption
    ) throws(Failure) {
        var (toChild, fromChild): ([Int32], [Int32]) = ([-1, -1], [-1, -1])
        var error = twostepd_pipe(&toChild)
        guard error == 0 else { throw failure("no pipe can be created", error) }
        error = twostepd_pipe(&fromChild)
        guard error == 0 else {
            toChild.forEach { close($0) }
            throw failure("no pipe can be created", error)
        }
        let pid: Int32
        do throws(Failure) {
            pid = try start(command, environment, input: toChild[0], output: fromChild[1])
        } catch {
            (toChild + fromChild).forEach { close($0) }
            throw error
        }
        close(toChild[0])
        close(fromChild[1])
        var run = Run(pid: pid, input: toChild[1], output: fromChild[0], rest: input[...])
        defer { run.closeAll() }
        let end = run.wait(timeout, interruption)
        // Ends also the processes that it left in the background.
        kill(-pid, SIGKILL)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        let said = run.said.isEmpty ? "" : ": " + String(decoding: run.said, as: UTF8.self)
        switch end {
        case .byItself: break
        case .late: throw Failure(description: "it took longer than \(timeout.roughText)\(said)")
        case .interrupted: throw Failure(description: "twostepd was stopped before it ended\(said)")
        }
        if status & 0x7f != 0 { throw Failure(description: "it was ended by signal \(status & 0x7f)\(said)") }
        let code = (status >> 8) & 0xff
        guard code == 0 else { throw Failure(description: "it exited with \(code)\(said)") }
    }

    private static func start(
        _ command: [String], _ environment: [String: String], input: Int32, output: Int32
    ) throws(Failure) -> Int32 {
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (arguments + variables).forEach { free($0) } }
        var pid: Int32 = 0
        let error = twostepd_spawn(&arguments, &variables, input, output, output, &pid)
        guard error == 0 else {
            let hint = error == EACCES ? " (under systemd it and its interpreter need ExecPaths=, see install.md)" : ""
            throw Failure(description: failure("it cannot be started", error).description + hint)
        }
        return pid
    }

    private static func failure(_ what: String, _ error: Int32) -> Failure {
        Failure(description: "\(what): \(String(cString: strerror(error)))")
    }

    /// A request from any thread to end a program now.
    private final class Interruption: Sendable {
        /// Readable once the request was made.
        let descriptor: Int32
        private let other: Int32

        /// Nil when the system provides no pipe.
        init?() {
            var ends: [Int32] = [-1, -1]
            errno = twostepd_pipe(&ends)
            guard errno == 0 else { return nil }
            (descriptor, other) = (ends[0], ends[1])
        }

        deinit { [descriptor, other].forEach { close($0) } }

        func begin() {
            var byte: UInt8 = 0
            // An empty pipe always accepts one byte.
            _ = write(other, &byte, 1)
        }
    }

    /// One running program.
    private struct Run {
        let pid: Int32
        var input: Int32
        let output: Int32
        private var isHeard = true
        var rest: ArraySlice<UInt8>
        var said: [UInt8] = []
        private let ended: Int32

        init(pid: Int32, input: Int32, output: Int32, rest: ArraySlice<UInt8>) {
            self.pid = pid
            self.input = input
            self.output = output
            self.rest = rest
            ended = twostepd_pidfd_open(pid)
            for descriptor in [input, output] { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
        }

        mutating func closeAll() {
            for descriptor in [input, output, ended] where descriptor >= 0 { close(descriptor) }
        }

        /// The reason why the wait for the program ended.
        enum End {
            case byItself
            case late
            case interrupted
        }

        /// Writes the program's input and reads its output until it ends, the time is over, or it is interrupted.
        mutating func wait(_ timeout: Duration, _ interruption: Interruption) -> End {
            let deadline = ContinuousClock.now + timeout
            if rest.isEmpty { endInput() }
            while true {
                let left = ContinuousClock.now.duration(to: deadline).milliseconds
                guard left > 0, ended >= 0 else { return .late }
                var polled = [
                    pollfd(fd: ended, events: Int16(POLLIN), revents: 0),
                    pollfd(fd: isHeard ? output : -1, events: Int16(POLLIN), revents: 0),
                    pollfd(fd: input, events: Int16(POLLOUT), revents: 0),
                    pollfd(fd: interruption.descriptor, events: Int16(POLLIN), revents: 0),
                ]
                guard poll(&polled, 4, Int32(min(left, 60_000))) >= 0 || errno == EINTR else { return .late }
                if polled[2].revents != 0 { feed() }
                if polled[1].revents != 0 { listen() }
                if polled[0].revents != 0 {
                    listen()
                    return .byItself
                }
                if polled[3].revents != 0 { return .interrupted }
            }
        }

        private mutating func feed() {
            let written = rest.withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
            if written > 0 { rest = rest.dropFirst(written) }
            if rest.isEmpty || (written < 0 && errno != EAGAIN && errno != EINTR) { endInput() }
        }

        private mutating func endInput() {
            guard input >= 0 else { return }
            close(input)
            input = -1
        }

        /// Reads available output; bytes beyond the limit are dropped.
        private mutating func listen() {
            var buffer = [UInt8](repeating: 0, count: 4096)
            while isHeard {
                let count = read(output, &buffer, buffer.count)
                guard count > 0 else {
                    // The output is closed; polling it again would only spin.
                    isHeard = count < 0 && (errno == EAGAIN || errno == EINTR)
                    return
                }
                said += buffer.prefix(min(count, max(0, outputLimit - said.count)))
                // A program that writes without end must not keep this loop from checking the time.
                if count < buffer.count || said.count >= outputLimit { return }
            }
        }
    }
}
