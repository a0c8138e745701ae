import Foundation
import Glibc
import SimulatedVendor
import Testing

@Suite("Nothing leaks: planted secrets are searched for in all that the real binary leaves behind", .inTurn)
struct LeakTests {
    private static let environmentToken = "canary-token-in-the-environment-Zq81"
    private static let environment = [
        "TWOSTEPD_TOKEN_SPARE": environmentToken, "TWOSTEPD_PIN_SPARE": "518273",
    ]

    /// Makes a fleet on a daemon that logs at trace, with one PIN from the operator and one token from the environment.
    private func rig() async throws -> Rig {
        var fleet = Rig.fleet(3)
        fleet[1].operatorPIN = "739182"
        let rig = try await Rig(
            fleet, defaults: ["rotate_every: 1s", "reapply_every: 1s"], timing: Rig.fastTiming)
        try FileManager.default.createDirectory(at: temporary(rig), withIntermediateDirectories: true)
        let settings = try String(contentsOf: rig.config, encoding: .utf8)
        try rig.write(settings.replacing("log_level: debug", with: "log_level: trace"), to: rig.config)
        return rig
    }

    /// Returns all secrets of a rig at this moment.
    private func canaries(_ rig: Rig) throws -> Canaries {
        let bodies = rig.vendor.requests.map { String(decoding: $0.body, as: UTF8.self) }
        let pins = bodies.compactMap { $0.firstMatch(of: #/"pin":"([0-9]{6})"/#).map { String($0.output.1) } }
        // A rig whose daemon has not started has no key yet.
        let key = try? String(
            contentsOf: rig.folder.appendingPathComponent("state/twostepd.key"), encoding: .utf8)
        return Canaries(
            texts: rig.entries.map(\.token) + [Self.environmentToken]
                + [key?.trimmingCharacters(in: .whitespacesAndNewlines)].compactMap { $0 },
            pins: Set(pins + ["739182", "518273"]))
    }

    private func child(_ rig: Rig, _ arguments: String...) async throws -> Child {
        let before = rig.logText.components(separatedBy: " Ready ").count
        let child = try Child(
            arguments + ["--config", rig.config.path], output: rig.folder.appendingPathComponent("daemon.out"),
            errors: rig.log, environment: Self.environment.merging(["TMPDIR": temporary(rig).path]) { $1 })
        try await rig.wait("the daemon is ready") { rig.logText.components(separatedBy: " Ready ").count > before }
        return child
    }

    /// Every command but `pin show`, whose output is a PIN, in each of its forms. `FILE` is a file to create, `KEY` one
    /// with a transport key.
    private static let commands: [[String]] = [
        ["check"], ["check", "--format", "json"], ["check", "--format", "github"], ["check", "--against-store"],
        ["plan"], ["plan", "--format", "json"], ["status"], ["status", "--format", "json"], ["history"],
        ["history", "--format", "json"], ["history", "n1"], ["pin", "list", "n1"],
        ["pin", "list", "n2", "--format", "json"], ["audit", "verify"], ["audit", "verify", "--format", "json"],
        ["audit", "export", "--before", "2100-01-01"], ["audit", "prune", "--before", "2001-01-01"],
        ["audit", "compact"],
        ["key", "id"],
        ["key", "generate"], ["key", "rotate"], ["doctor"], ["doctor", "--format", "json"], ["reload"],
        ["rotate", "n1"], ["rotate", "--all", "--yes"], ["reapply", "n2"], ["reset", "n3"],
        ["observe", "n2", "pin-changed", "--source", "x"], ["pause", "--reason", "x"],
        ["resume"], ["accept", "abcdef"], ["clock", "accept"], ["apply"], ["run"], ["pin", "show", "n1"],
        ["pin", "show", "n1", "--reason", "a pipe is no terminal"], ["nonsense"], ["--help"], ["--version"],
        ["hooks"], ["hooks", "--format", "json"], ["backup", "FILE"], ["import", "FILE"],
        ["key", "generate", "FILE"],
    ]

    @Test func `the commands that are driven are all that there are`() async throws {
        let leaves = try await HelpDump.read().command.leaves.map { $0.words.joined(separator: " ") }
        let driven = Self.commands.map { $0.joined(separator: " ") }
        // The demonstrations invent secrets of their own, and print them.
        let missing = leaves.filter { leaf in !driven.contains { $0 == leaf || $0.hasPrefix(leaf + " ") } }
        #expect(Set(missing) == ["demo", "simulate"])
    }

    @Test func `no command, log level, endpoint, fault, order or error shows a token, a PIN or a key`() async throws {
        let rig = try await rig()
        let daemon = try await child(rig, "run")
        try await rig.wait("the fleet was taken over") { rig.vendor.requests.count > 12 }
        rig.vendor.setFaults(Fault.every(0.05).filter { $0.key != .hang && $0.key != .blocked })
        try await rig.wait("much went wrong", seconds: 90) { rig.vendor.requests.count > 150 }
        rig.vendor.setFaults([:])
        var outputs: [(place: String, text: String)] = []
        let made = rig.folder.appendingPathComponent("made")
        try FileManager.default.createDirectory(at: made, withIntermediateDirectories: true)
        for (index, command) in Self.commands.enumerated() {
            let file = made.appendingPathComponent("file-\(index)").path
            let result = try await Binary.run(
                command.map { $0 == "FILE" ? file : $0 }
                    + (command.first?.hasPrefix("-") == true ? [] : ["--config", rig.config.path]),
                environment: Self.environment.merging(["TMPDIR": temporary(rig).path]) { $1 })
            outputs.append((command.joined(separator: " "), result.output + result.errors))
        }
        let number = rig.entries[1].number.replacing("+", with: "%2B")
        for path in [
            "/healthz", "/readyz", "/", "/numbers/\(number)", "/metrics", "/v1/status", "/v1/numbers/\(number)",
            "/v1/changes", "/v1/orders", "/v1/observations", "/v1/pin-reveals", "/v1/daemon", "/v1/secret-marks",
        ] {
            outputs.append((path, try UnixHTTP.get(path, socket: rig.folder.path + "/run/control.sock")))
        }
        let shown = try await rig.run("pin", "show", "n2", "--reason", "the one way out", "--format", "json")
        #expect(shown.output.contains("739182"), "the search would find it")
        outputs.append(("pin show's notes", shown.errors))
        outputs += try processFiles(of: daemon)
        #expect(await rig.stop(daemon) == 0)
        outputs.append(("the log", rig.logText))

        let canaries = try canaries(rig)
        #expect(canaries.pins.count > 10, "many PINs went over the wire")
        for output in outputs { #expect(canaries.found(in: output.text, of: output.place) == []) }
        try expectSealed(rig, canaries)
        // The requested new key is in one of them, and it is not a planted one.
        let backups = try FileManager.default.contentsOfDirectory(at: made, includingPropertiesForKeys: nil)
        #expect(backups.count > 1)
        let temporary = try FileManager.default.contentsOfDirectory(at: temporary(rig), includingPropertiesForKeys: nil)
        #expect(try canaries.found(inBytesOf: backups + temporary) == [])
        try await rig.end()
    }

    /// Returns the folder of the processes' temporary files.
    private func temporary(_ rig: Rig) -> URL { rig.folder.appendingPathComponent("tmp") }

    /// Returns the files in which the system shows a process to others.
    private func processFiles(of child: Child) throws -> [(place: String, text: String)] {
        try ["cmdline", "environ", "limits"].map { name in
            let path = "/proc/\(child.pid)/\(name)"
            // A process that is not dumpable is not readable for its own user: that is no leak either.
            guard let data = FileManager.default.contents(atPath: path) else {
                guard name == "environ", geteuid() != 0 else { throw TestFailure("\(path) cannot be read") }
                return (path, "")
            }
            let text = String(decoding: data, as: UTF8.self)
            if name == "environ" { #expect(text.contains("TWOSTEPD_TOKEN_SPARE="), "this is where it would stand") }
            if name == "limits" {
                #expect(text.contains(#/Max core file size +0 +0/#))
            }
            return (path, text)
        }
    }

    /// Checks that no file in the store's folder, its write-ahead log included, holds a secret that it should not.
    private func expectSealed(_ rig: Rig, _ canaries: Canaries) throws {
        let state = rig.store.deletingLastPathComponent()
        let files = try FileManager.default.contentsOfDirectory(at: state, includingPropertiesForKeys: nil)
        #expect(files.count > 2)
        var others = canaries
        // The key belongs in its own file; tokens and PINs do not.
        others.texts = rig.entries.map(\.token) + [Self.environmentToken]
        #expect(try others.found(inBytesOf: files) == [])
        #expect(try canaries.found(inBytesOf: files.filter { !$0.lastPathComponent.contains(".key") }) == [])
    }

    @Test func `a vendor that echoes requests, tokens of others and PINs is not repeated`() async throws {
        let rig = try await rig()
        let echo = try EchoVendor(
            gossip: "\(rig.entries.map(\.token).joined(separator: ",")) \(Self.environmentToken) 739182, 518273")
        defer { echo.stop() }
        let state = try String(contentsOf: rig.desiredState, encoding: .utf8)
        try rig.write(state.replacing(rig.vendor.url, with: echo.url), to: rig.desiredState)
        let daemon = try await child(rig, "run")
        try await rig.wait("each number was refused more than once") { echo.answers > 9 }
        let history = try await rig.run("history", "--format", "json")
        let status = try await rig.run("status")
        #expect(await rig.stop(daemon) == 0 || rig.logText.contains("exposed"))
        #expect(history.output.contains("[redacted]"), "the answers were recorded")
        let canaries = Canaries(
            texts: rig.entries.map(\.token) + [Self.environmentToken], pins: ["739182", "518273"])
        for (place, text) in [("history", history.output), ("status", status.output), ("log", rig.logText)] {
            #expect(canaries.found(in: text, of: place) == [])
            #expect(!text.contains(#/'pin':'[0-9]/#), "the PIN of the request itself, in \(place)")
        }
        try expectSealed(rig, canaries)
        try await rig.end()
    }

    @Test
    func
        `mistakes with secrets are shown without them: in the wrong file, malformed, readable by others, the wrong key`()
        async throws
    {
        let rig = try await rig()
        #expect(try await rig.run("apply").code == 0)
        let secrets = rig.folder.appendingPathComponent("secrets.yaml")
        let good = try String(contentsOf: secrets, encoding: .utf8)
        let state = try String(contentsOf: rig.desiredState, encoding: .utf8)
        let token = "Ca4aryT0kenThatAMachineMade8821"
        let canaries = Canaries(texts: rig.entries.map(\.token) + [token], pins: ["739182", "604183"])
        var texts: [(String, String)] = []
        func look(_ place: String) async throws {
            for command in ["check", "plan", "apply", "run", "doctor"] {
                let result = try await rig.run(command)
                #expect(result.code != 0, "\(place): \(command)")
                texts.append(("\(place): \(command)", result.output + result.errors))
            }
        }
        for (place, text) in [
            ("a token inline", state.replacing("token: n1", with: "token: \(token)")),
            ("a PIN inline", state.replacing("pin: n2-pin", with: "pin: 604183")),
            ("a token as a key", state.replacing("token: n1", with: "\(token): n1")),
            ("a token with a stray quote", state.replacing("token: n1", with: "token: \"\(token)")),
        ] {
            try rig.write(text, to: rig.desiredState)
            // The state in force stays in force, so only commands that read the file fail.
            for command in ["check", "plan", "doctor"] {
                let result = try await rig.run(command)
                #expect(result.code != 0, "\(place): \(command)")
                texts.append(("\(place): \(command)", result.output + result.errors))
            }
        }
        try rig.write(state, to: rig.desiredState)
        try rig.write(good.replacing("739182", with: "73918 2"), to: secrets)
        try await look("a malformed PIN")
        try rig.write(good.replacing("tokens:", with: "tokens: ["), to: secrets)
        try await look("a malformed file")
        try rig.write(good, to: secrets)
        chmod(secrets.path, 0o644)
        try await look("a file that others can read")
        chmod(secrets.path, 0o600)
        let key = rig.folder.appendingPathComponent("state/twostepd.key")
        let otherKey = String(repeating: "4f", count: 31) + "a1"
        try rig.write(otherKey + "\n", to: key)
        for command in [
            ["apply"], ["run"], ["doctor"], ["audit", "verify"], ["pin", "show", "n1", "--reason", "x", "--stdout"],
        ] {
            let result = try await Binary.run(command + ["--config", rig.config.path])
            #expect(result.code != 0, "\(command)")
            texts.append(("the wrong key: \(command)", result.output + result.errors))
        }
        for (place, text) in texts {
            #expect(canaries.found(in: text, of: place) == [])
            #expect(!text.contains(otherKey) && !text.contains(token.prefix(16)), "\(place)")
        }
        try await rig.end()
    }

    @Test func `a crash leaves no core, though core dumps are allowed`() async throws {
        let rig = try await rig()
        let folder = rig.folder.appendingPathComponent("crash")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // Where cores are files of this folder, a dumpable process leaves one: otherwise the rest would prove nothing.
        let pattern = try String(contentsOfFile: "/proc/sys/kernel/core_pattern", encoding: .utf8)
        if pattern.hasPrefix("core") {
            let abort = "use POSIX; sigprocmask(SIG_SETMASK, POSIX::SigSet->new); kill ABRT => $$"
            let control = "cd \(rig.folder.path) && ulimit -c unlimited && (perl -e '\(abort)' || true) && ls"
            #expect(try await Shell.run("bash", ["-c", control]).contains("core"))
        }
        for name in ["ABRT", "SEGV", "QUIT"] {
            let script = """
                cd \(folder.path); ulimit -c unlimited; export SWIFT_BACKTRACE=enable=yes,registers=all
                \(Binary.url.path) run --config \(rig.config.path) 2>>daemon.log &
                for i in $(seq 600); do grep -q ' Ready ' daemon.log && break; sleep 0.1; done
                grep -q ' Ready ' daemon.log || exit 1
                kill -\(name) $!; wait $!; echo "ended with $?"; mv daemon.log \(name).log
                """
            let output = try await Shell.run("timeout", ["120", "bash", "-c", script + " 2>&1"])
            #expect(output.contains(#/ended with 1(31|34|39)/#), "\(output)")
            #expect(!output.contains("core dumped"))
        }
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        #expect(Set(files.map(\.lastPathComponent)) == ["ABRT.log", "SEGV.log", "QUIT.log"])
        let canaries = try canaries(rig)
        for file in files {
            let text = try String(contentsOf: file, encoding: .utf8)
            #expect(canaries.found(in: text, of: file.lastPathComponent) == [])
            #expect(!text.contains("Registers:"), "the runtime's crash report shows memory")
        }
        try await rig.end()
    }
}

/// One request over a Unix socket.
enum UnixHTTP {
    /// Returns the whole answer, head and body.
    static func get(_ path: String, socket name: String) throws -> String {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(name.utf8)) }
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard isConnected == 0 else { throw TestFailure("no answer at \(name)") }
        let request = Array("GET \(path) HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".utf8)
        guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            throw TestFailure("\(name) hung up")
        }
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        while case let count = recv(descriptor, &buffer, buffer.count, 0), count > 0 {
            text += String(decoding: buffer[..<count], as: UTF8.self)
        }
        guard text.hasPrefix("HTTP/1.1 ") else { throw TestFailure("no answer: \(text)") }
        return text
    }
}
