import Foundation
import SimulatedVendor
import Testing

/// Runs the unchanged blocks of "Find out what your vendor does" in docs/operations.md against a vendor of each kind,
/// and checks its truth where the page asks the reader to check the handset.
@Suite("Finding out what the vendor does", .inTurn)
struct VendorProcedureTests {
    /// The vendors that the page distinguishes. The effect of a disable while off makes no difference to it.
    static let vendors = VendorSemantics.allCases.filter { $0.disableWhenOff != .refuse }.map(\.description)

    /// Returns the `sh` blocks of the section: one for each of the first five steps.
    private static func blocks() throws -> [String] {
        let file = ManPageTests.repository.appending(path: "docs/operations.md")
        let text = try String(contentsOf: file, encoding: .utf8)
        let title = "## Find out what your vendor does\n"
        let section = text.components(separatedBy: title).dropFirst().first?.components(separatedBy: "\n## ").first
        return try #require(section).matches(of: #/```sh\n(?<block>(?s:.*?))```/#).map { String($0.output.block) }
    }

    /// The output of a step, and the exit code of its `apply`.
    private struct Step {
        let output: String
        var exit: String? { output.firstMatch(of: #/apply exits with (\d+)/#).map { String($0.output.1) } }
        /// The PINs that `pin show` prints, the likeliest first.
        var pins: [String] { output.matches(of: #/(?m)^(\d{6})(?:$| )/#).map { String($0.output.1) } }
    }

    private static func run(_ block: String, root: URL, endpoint: String) async throws -> Step {
        let folder = root.appending(path: "vendor-test").path
        let text = block.replacing("/root/vendor-test", with: folder).replacing(
            "    token: test\n", with: "    token: test\n    endpoint: \(endpoint)\n"
        ).replacing("%TZ", with: "%T.%3NZ")  // The PIN of the last step is younger than a second.
            .replacing(
                #/(?m)^twostepd apply$/#,
                with: "twostepd apply && echo 'apply exits with 0' || echo \"apply exits with $?\"")
        let script = root.appending(path: "step.sh")
        try Data("cd \(folder) 2>/dev/null || cd \(root.path)\n\(text)".utf8).write(to: script)
        let output = try await Shell.run(
            "env",
            [
                "TWOSTEPD_CONFIG=\(folder)/twostepd.yaml", "NO_COLOR=1",
                "PATH=\(Binary.url.deletingLastPathComponent().path):/usr/local/bin:/usr/bin:/bin", "bash", "-c",
                "timeout 120 bash \"$0\" 2>&1", script.path,
            ])
        return Step(output: output)
    }

    @Test(arguments: vendors)
    func `each step shows what docs/operations.md says`(_ text: String) async throws {
        let semantics = try VendorSemantics(parsing: text)
        let canDisable = !text.hasSuffix(",never")
        let root = FileManager.default.temporaryDirectory.appending(path: "twostepd-vendor-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
        var options = SimulatedVendor.Options()
        options.semantics = semantics
        options.tokens = [SimulatedToken(token: "THE-TOKEN", state: .off)]
        let vendor = try await SimulatedVendor(options)
        let blocks = try Self.blocks()
        try #require(blocks.count == 5)
        func step(_ number: Int) async throws -> Step {
            try await Self.run(blocks[number - 1], root: root, endpoint: vendor.url)
        }
        func live() -> String? { vendor.truth["THE-TOKEN"]?.pin }

        let first = try await step(1)
        #expect(first.exit == (canDisable ? "0" : "1"), "\(first.output)")
        #expect(first.output.contains(canDisable ? "1 converged" : "disable_refused"), "\(first.output)")
        #expect(live() != nil && first.pins.first == live(), "\(first.output)")
        if canDisable {
            let off = try await step(2)
            #expect(off.exit == "0" && off.output.contains("1 converged") && live() == nil, "\(off.output)")
            let on = try await step(3)
            #expect(on.exit == "0" && live() != nil && on.pins == [live()], "\(on.output)")
        }

        let old = live()
        let replaced = try await step(4)
        let enables = replaced.output.split(separator: "\n").filter { $0.contains("enable") }
        switch semantics.enableWhenOn {
        case .replace: #expect(live() != old && replaced.pins == [live()], "\(replaced.output)")
        case .ignore: #expect(live() == old && replaced.pins.first != old, "\(replaced.output)")
        case .refuse: #expect(enables.contains { $0.contains("refused") }, "\(replaced.output)")
        }
        if semantics.enableWhenOn != .refuse {
            #expect(replaced.exit == "0" && !enables.contains { $0.contains("refused") }, "\(replaced.output)")
        }

        if canDisable {
            let certain = try await step(5)
            #expect(certain.exit == "0" && certain.pins == [live()], "\(certain.output)")
        }
        try await vendor.stop()
        try FileManager.default.removeItem(at: root)
    }
}
