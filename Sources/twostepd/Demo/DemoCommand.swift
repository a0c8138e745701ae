import ArgumentParser
import Foundation

/// `twostepd demo`.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Show the whole job in about 30 s: a simulated vendor, a fleet of 12, an outage and a kill.",
        discussion: """
            Nothing else is needed and nothing leaves this machine. Exit 0 when the truth agrees with the store.

            Examples:
              twostepd demo
              twostepd demo --keep
            """
    )

    @Flag(name: .long, help: "Keep the folder, to look into it with the other commands.")
    var keep = false

    func run() async throws {
        let demo = try await Demo(keep: keep)
        let agreed: Bool
        do {
            agreed = try await demo.run()
        } catch {
            await demo.end()
            throw error
        }
        await demo.end()
        if !agreed { throw ExitCode(1) }
    }
}
