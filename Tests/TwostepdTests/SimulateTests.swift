import Foundation
import Testing

@Suite("twostepd simulate, the real binary", .inTurn)
struct SimulateTests {
    /// The simulator as a process, and the URLs that it printed.
    private final class Simulator {
        let child: Child
        private let folder: URL
        private(set) var urls: [String] = []

        init(_ arguments: String...) async throws {
            folder = FileManager.default.temporaryDirectory.appending(path: "twostepd-simulate-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let output = folder.appending(path: "output")
            child = try Child(["simulate"] + arguments, output: output, errors: folder.appending(path: "errors"))
            let deadline = ContinuousClock.now + .seconds(60)
            while urls.count < 2 {
                guard ContinuousClock.now < deadline else { throw TestFailure("the simulator printed \(urls)") }
                urls = try String(contentsOf: output, encoding: .utf8).split(separator: "\n").map(String.init)
                try await Task.sleep(for: .milliseconds(20))
            }
        }

        var note: String {
            get throws { try String(contentsOf: folder.appending(path: "errors"), encoding: .utf8) }
        }

        func curl(_ url: String, _ arguments: String...) async throws -> String {
            try await Shell.run("curl", ["-sS", "--max-time", "30"] + arguments + [url])
        }

        /// Returns a path under `/_sim/`.
        func control(_ path: String) -> String {
            urls[1].replacing("/v25.0", with: "/_sim/\(path)")
        }

        func end() async throws -> Int32 {
            child.signal(SIGTERM)
            let code = await child.exitCode()
            try FileManager.default.removeItem(at: folder)
            return code
        }
    }

    @Test func `prints the endpoint of each vendor, and serves its numbers there`() async throws {
        let simulator = try await Simulator(
            "--semantics", "replace,never", "--token", "secret-1=foreign:111111", "--whatsapp",
            "15550001+15550100001=secret-3=of:secret-1", "--whatsapp", "15550002=secret-3")
        #expect(simulator.urls.count == 2)
        #expect(simulator.urls[0].hasSuffix("/api/v2/two-step-verification"))
        #expect(simulator.urls[1].hasSuffix("/v25.0"))
        let bearer = "authorization: Bearer secret-3"
        #expect(
            try await simulator.curl(simulator.urls[0], "-d", #"{"token":"secret-1","action":1}"#)
                == #"{"status":404,"message":"Two factor verification cannot be disabled"}"#)
        #expect(
            try await simulator.curl(simulator.urls[1] + "/15550002", "-H", bearer, "-d", #"{"pin":"222222"}"#)
                == #"{"success":true}"#)
        #expect(
            try await simulator.curl(
                simulator.urls[1] + "/15550001?fields=is_pin_enabled,display_phone_number", "-H", bearer)
                == #"{"is_pin_enabled":true,"display_phone_number":"+15550100001","id":"15550001"}"#)
        let stranger = #"{"name":"secret-1","state":"off"}"#
        #expect(try await simulator.curl(simulator.control("stranger"), "-d", stranger) == "true")
        #expect(
            try await simulator.curl(simulator.control("truth"))
                == #"{"numbers":[{"id":"15550002","pending":0,"pin":"222222","state":"on"}],"#
                + #""tokens":[{"pending":0,"pin":null,"state":"off","token":"secret-1"}],"version":1}"#)
        #expect(try simulator.note.contains("WhatsApp"))
        #expect(try await simulator.end() == 0)
    }

    @Test func `a wrong option exits with 64 and says what would be right`() async throws {
        for (option, value, hint) in [
            ("--whatsapp", "no-id=secret-3", "ID=TOKEN"), ("--whatsapp", "1=secret-3=of:nobody", "nobody"),
            ("--semantics", "replace,sometimes", "never"), ("--fault", "nonsense=1", "uncleanEnd"),
        ] {
            let result = try await Binary.run(["simulate", option, value])
            #expect(result.code == 64, "\(option) \(value)")
            #expect(result.errors.contains(hint), "\(result.errors)")
            #expect(result.output.isEmpty)
        }
    }
}
