import Foundation
import Glibc
import Synchronization

/// A headless Chromium with one tab, driven by the DevTools protocol over two pipes.
///
/// It ends with `close`, and by itself when its pipes break: none outlives the tests.
final class Browser: @unchecked Sendable {
    private struct State {
        var lastID = 0
        var buffer = Data()
        var replies: [Int: Data] = [:]
        var complaints: [String] = []
        var isAtEnd = false
    }

    /// The size and the colour scheme in which a page is shown.
    struct View: Sendable, CustomStringConvertible {
        let name: String
        let width: Int
        let height: Int
        let isDark: Bool
        var isPhone: Bool { width < 500 }
        var description: String { name }

        static let light = View(name: "light", width: 1000, height: 900, isDark: false)
        static let dark = View(name: "dark", width: 1000, height: 900, isDark: true)
        static let phone = View(name: "phone", width: 390, height: 844, isDark: false)
        static let darkPhone = View(name: "dark-phone", width: 390, height: 844, isDark: true)
        static let all = [light, dark, phone, darkPhone]
    }

    private static let patience = Duration.seconds(30)

    // Set once in `init`, before any other thread has the browser.
    private let process: Child
    private let input = Pipe()
    private let output = Pipe()
    private let profile: URL
    private let state = Mutex(State())
    private var session: String?

    /// Starts the browser and opens an empty tab.
    init() async throws {
        profile = FileManager.default.temporaryDirectory.appendingPathComponent("twostepd-browser-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: profile, withIntermediateDirectories: true)
        // The next wait reports a browser that died; a signal must not.
        signal(SIGPIPE, SIG_IGN)
        // Chromium reads commands from 3 and writes to 4; it needs no sandbox for pages of our own.
        let flags =
            "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --disable-extensions "
            + "--disable-background-networking --disable-component-update --disable-sync --remote-debugging-pipe"
        let script = "exec chromium \(flags) --user-data-dir=\"$1\" about:blank 3<&0 4>&1 0</dev/null 1>\"$1/log\" 2>&1"
        process = try Child(
            program: "/bin/bash", ["-c", script, "bash", profile.path],
            environment: ProcessInfo.processInfo.environment,
            input: input.fileHandleForReading.fileDescriptor, output: output.fileHandleForWriting.fileDescriptor,
            errors: 2)
        // The pipes break when the browser ends: no other process has its ends of them.
        try input.fileHandleForReading.close()
        try output.fileHandleForWriting.close()
        output.fileHandleForReading.readabilityHandler = { [weak self] handle in
            let data = handle.availableData
            if data.isEmpty { handle.readabilityHandler = nil }
            self?.take(data)
        }
        let target = try await call("Target.createTarget", ["url": "about:blank"])
        let attached = try await call(
            "Target.attachToTarget", ["targetId": target["targetId"] as? String ?? "", "flatten": true])
        session = attached["sessionId"] as? String
        for domain in ["Page", "Runtime", "Log"] { try await call(domain + ".enable") }
    }

    deinit {
        // After `close` it is removed already.
        try? FileManager.default.removeItem(at: profile)
    }

    /// Ends the browser and removes its profile.
    func close() async throws {
        session = nil
        // The answer may get lost when the browser ends.
        try send("Browser.close", [:], id: 0)
        let deadline = ContinuousClock.now + Self.patience
        while process.isRunning {
            guard ContinuousClock.now < deadline else { throw TestFailure("the browser does not end") }
            try await Task.sleep(for: .milliseconds(5))
        }
        try FileManager.default.removeItem(at: profile)
    }

    /// The errors so far: messages of the console and the security policy, and exceptions.
    var complaints: [String] { state.withLock { $0.complaints } }

    func forgetComplaints() { state.withLock { $0.complaints = [] } }

    // MARK: The protocol

    /// Sends a command and waits for its result.
    @discardableResult
    func call(_ method: String, _ parameters: [String: Any] = [:]) async throws -> [String: Any] {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        try send(method, parameters, id: id)
        var reply: Data?
        try await wait("\(method) is answered") {
            reply = self.state.withLock { $0.replies.removeValue(forKey: id) }
            return reply != nil
        }
        let object = try JSONSerialization.jsonObject(with: reply ?? Data()) as? [String: Any] ?? [:]
        guard let result = object["result"] as? [String: Any] else {
            throw TestFailure("\(method): \(object["error"] ?? object)")
        }
        return result
    }

    private func send(_ method: String, _ parameters: [String: Any], id: Int) throws {
        var message: [String: Any] = ["id": id, "method": method, "params": parameters]
        message["sessionId"] = session
        let data = try JSONSerialization.data(withJSONObject: message)
        try input.fileHandleForWriting.write(contentsOf: data + [0])
    }

    /// Waits for a condition, until a deadline at most.
    func wait(_ what: String, until condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + Self.patience
        while try await !condition() {
            guard !state.withLock({ $0.isAtEnd }) || !process.isRunning else {
                throw TestFailure("the browser is gone, before \(what): \(log)")
            }
            guard ContinuousClock.now < deadline else {
                throw TestFailure("waited \(Self.patience) in vain until \(what); \(complaints) \(log)")
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private var log: String {
        // An absent log counts as empty.
        String(((try? String(contentsOf: profile.appendingPathComponent("log"), encoding: .utf8)) ?? "").suffix(1000))
    }

    /// Processes received data: messages, each ended by a zero byte.
    private func take(_ data: Data) {
        state.withLock { state in
            guard !data.isEmpty else {
                state.isAtEnd = true
                return
            }
            state.buffer.append(data)
            while let end = state.buffer.firstIndex(of: 0) {
                let message = Data(state.buffer[..<end])
                state.buffer = Data(state.buffer[(end + 1)...])
                // Data that is not a message is recorded as an error.
                guard let object = try? JSONSerialization.jsonObject(with: message) as? [String: Any] else {
                    state.complaints.append("not a message: \(String(decoding: message.prefix(200), as: UTF8.self))")
                    continue
                }
                if let id = object["id"] as? Int {
                    state.replies[id] = message
                } else if let complaint = Self.complaint(object) {
                    state.complaints.append(complaint)
                }
            }
        }
    }

    /// Returns the error that an event reports; nil for none.
    private static func complaint(_ event: [String: Any]) -> String? {
        let parameters = event["params"] as? [String: Any] ?? [:]
        switch event["method"] as? String {
        case "Runtime.exceptionThrown": return "exception: \(parameters)"
        case "Runtime.consoleAPICalled":
            return ["error", "assert"].contains(parameters["type"] as? String) ? "console: \(parameters)" : nil
        case "Log.entryAdded":
            let entry = parameters["entry"] as? [String: Any] ?? [:]
            return entry["level"] as? String == "error" ? "log: \(entry)" : nil
        case "Inspector.targetCrashed": return "the page crashed"
        default: return nil
        }
    }
}
