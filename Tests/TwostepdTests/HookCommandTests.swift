import Foundation
import Testing

@Suite("hooks and what check says of them, the real binary", .inTurn)
struct HookCommandTests {
    private static let hooks = """
        hooks:
          - name: pager
            on: [rotated]
            command: ["/nonexistent/pager", "--loud"]
          - name: audit
            on: [rotated]
            url: "http://127.0.0.1:9/"
            signing_secret: not-there

        """

    @Test
    func `a program that is not there and a secret that is not there are warned of, and hooks says what waits and why`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(2))
        let none = try await rig.run("hooks")
        #expect(none.code == 0 && none.output.hasPrefix("no hooks: name them with 'hooks' in the settings"))
        try rig.write(try String(contentsOf: rig.config, encoding: .utf8) + Self.hooks, to: rig.config)
        let check = try await rig.run("check")
        #expect(check.code == 0, "the fleet is kept whoever is told of it: \(check.errors)")
        #expect(check.errors.contains("the hook 'pager' cannot run /nonexistent/pager: No such file or directory"))
        #expect(check.errors.contains("ExecPaths=/nonexistent/pager"))
        #expect(
            check.errors.contains("the hook 'audit' cannot deliver notifications: there is no token named 'not-there'"))
        #expect(try await rig.run("check", "--strict").code == 78)

        #expect(try await rig.run("apply").code == 0)
        let table = try await rig.run("hooks")
        let lines = table.output.split(separator: "\n").map(String.init)
        #expect(table.code == 0 && lines.count == 3, "\(table.output)")
        #expect(lines.first?.hasPrefix("HOOK   WAITING  SINCE") == true && lines.first?.hasSuffix("LAST ERROR") == true)
        let pager = try #require(lines.first { $0.hasPrefix("pager  2 ") })
        #expect(pager.contains("No such file or directory"), "in one line, however wide: \(pager)")
        #expect(lines.contains { $0.hasPrefix("audit  2 ") && $0.contains("not-there") })
        try await rig.end()
    }
}
