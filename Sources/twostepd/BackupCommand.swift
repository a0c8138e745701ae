import ArgumentParser
import Daemon
import Storage

/// `twostepd backup`.
struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Write a consistent copy of the store, even while the daemon runs.",
        discussion: """
            The sealing key is not part of the copy: back it up separately, because without it no PIN in the copy can \
            be read.

            To restore: stop the daemon, move twostepd.sqlite and its -wal and -shm files away, copy the backup to \
            twostepd.sqlite in the state directory (same owner, mode 0600), start the daemon. It notices the restore: \
            a PIN that the copy does not know may be live, so every number is reset under the exposure budget.

            Example:
              twostepd backup /var/backups/twostepd-2026-11-01.sqlite
            """
    )

    @OptionGroup var config: ConfigOptions
    @Argument(help: "The file to create; it must not exist yet.")
    var file: String

    func run() throws {
        let settings = try config.settings()
        let fleet = FleetReader(settings: settings, environment: config.environment, now: SystemClock().now())
        let reader = try fleet.existing()
        try reader.backup(to: file)
        Console.note("the store was copied to \(file); the sealing key is not in it")
    }
}
