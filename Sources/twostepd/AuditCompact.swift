import ArgumentParser
import Daemon
import Planning
import Storage

extension AuditCommand {
    /// `twostepd audit compact`.
    struct Compact: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "compact",
            abstract: "Give the room that pruned history took back to the file system, while the daemon is stopped.",
            discussion: """
                The daemon does this by itself, little by little, in a store that this version made. One that an \
                earlier version made needs this once. While it lasts it takes as much room again as the store has left.

                Example:
                  systemctl stop twostepd
                  twostepd audit compact
                  systemctl start twostepd
                """
        )

        @OptionGroup var config: ConfigOptions

        func run() throws {
            let settings = try config.settings()
            let (before, after) = try HistoryKeeper.compact(settings: settings, now: SystemClock().now())
            Console.print("the store has \(after.text), and had \(before.text)")
        }
    }
}

extension StoreSize {
    /// `3.2 MiB`.
    fileprivate var text: String { "\(bytes >> 20).\((bytes >> 10) % 1024 * 10 / 1024) MiB" }
}
