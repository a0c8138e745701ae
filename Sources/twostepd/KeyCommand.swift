import ArgumentParser
import ConfigFile
import Daemon
import Planning
import Storage

/// `twostepd key`.
struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Create, rotate and identify sealing keys.",
        subcommands: [Generate.self, Rotate.self, ID.self]
    )

    /// `twostepd key generate`.
    struct Generate: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "generate",
            abstract: "Create a sealing key in a new file that only its owner can read. The key is never printed.",
            discussion: """
                Without FILE the key is created next to the store, where the daemon finds it by itself. It is safer in \
                a place that a copy of the state directory does not include:

                  twostepd key generate /etc/twostepd/twostepd.key
                  systemctl edit twostepd     # [Service] LoadCredential=twostepd-key:/etc/twostepd/twostepd.key

                A store that is already sealed keeps its key: to replace it, see `twostepd key rotate`.

                Examples:
                  twostepd key generate /etc/twostepd/twostepd.key
                  twostepd key generate
                """
        )

        @OptionGroup var config: ConfigOptions
        @Argument(help: "The file to create; it must not exist yet.")
        var file: String?

        func run() throws {
            let path = try file ?? besideStore()
            Console.print("\(path): key \(try SealingKey.generate(file: path).id)")
            Console.note(
                """
                keep a copy of it apart from the store and its backups: without it no PIN can be read.
                as a credential: LoadCredential=twostepd-key:\(path) in the unit (systemctl edit twostepd),
                or as a file: sealing_key: \(path) in the settings.
                """)
        }

        private func besideStore() throws -> String {
            let location = StoreLocation(directory: try config.settings().stateDirectory)
            if let id = StoreReader.keyID(at: location) {
                throw CommandFailure.failed(
                    "the store in \(location.directory) is sealed under key \(id), which a new key does not open: "
                        + "use `twostepd key rotate`, or name a FILE")
            }
            try location.prepareDirectory()
            return location.key
        }
    }

    /// `twostepd key id`.
    struct ID: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "id",
            abstract: "Print the id of the key in a file, or of the key that the store is sealed under.",
            discussion: """
                Examples:
                  twostepd key id
                  twostepd key id /etc/twostepd/twostepd.key
                """
        )

        @OptionGroup var config: ConfigOptions
        @Argument(help: "A key file (default: the key of the store).")
        var file: String?

        func run() throws {
            if let file { return Console.print(try SealingKey.load(file: file).id) }
            let location = StoreLocation(directory: try config.settings().stateDirectory)
            guard let id = StoreReader.keyID(at: location) else {
                throw CommandFailure.failed(
                    "nothing is sealed in \(location.directory) yet, or its store cannot be read")
            }
            Console.print(id)
        }
    }

    /// `twostepd key rotate`.
    struct Rotate: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rotate",
            abstract: "Reseal every PIN under a new key, while the daemon is stopped.",
            discussion: """
                The new key is written durably next to the old one as NAME.new, then everything is resealed in one \
                transaction, then the new key takes the old one's name. Whenever this is interrupted, one of the two \
                files opens everything, and the next start or the next rotation continues from there.

                The old key is kept next to it as NAME.ID, because earlier backups need it. Delete it when none of \
                them is needed.

                For a key that is a credential, name its source (--key /etc/twostepd/twostepd.key), or provide the new \
                key yourself (--new-key) and pass it as the credential afterwards.

                Examples:
                  twostepd key rotate
                  twostepd key rotate --key /etc/twostepd/twostepd.key
                """
        )

        @OptionGroup var config: ConfigOptions
        @Option(name: .long, help: "The file of the current key, when the settings name a credential.")
        var key: String?
        @Option(name: .long, help: "A file with the key to rotate to, instead of a new one.")
        var newKey: String?

        func run() throws {
            let rotation = KeyRotation(
                settings: try config.settings(), environment: config.environment,
                actor: UserName.current(environment: config.environment), now: SystemClock().now())
            do throws(StartupError) {
                Self.report(try rotation.run(current: key, new: newKey))
            } catch .store(.lockHeld(let directory, let holder)) {
                let error = StorageError.lockHeld(directory: directory, holder: holder)
                throw CommandFailure.failed(
                    "\(error)\nnothing was rotated; with a daemon: systemctl stop twostepd, rotate, start it again")
            }
        }

        private static func report(_ ending: KeyRotation.Ending) {
            switch ending {
            case .replaced(let file, let old, let id, let pins):
                Console.print("\(pins.counted("PIN is", "PINs are")) sealed under key \(id), in \(file)")
                Console.note("earlier backups need the old key, kept as \(old): delete it when none of them is needed")
            case .handOver(let file, let credential, let id, let pins):
                Console.print("\(pins.counted("PIN is", "PINs are")) sealed under key \(id), in \(file)")
                Console.note(
                    "before the next start, pass \(file) in place of \(credential) (LoadCredential in the "
                        + "unit); earlier backups need the old key")
            case .finished(let file, let old, let id):
                Console.print("an earlier rotation was interrupted, and is complete now: key \(id), in \(file)")
                Console.note("earlier backups need the old key, kept as \(old): delete it when none of them is needed")
            }
        }
    }
}
