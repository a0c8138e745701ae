import ConfigFile
import Logging
import Planning
import Storage

/// Keeps what the desired state in force needs of earlier readings of the secrets, and says so in log and `status`.
///
/// Confined to the queue of the files.
final class SecretsKeeper {
    private let secrets: SecretsInForce
    /// The settings' hooks need theirs for as long as the process runs.
    private let hooks: SecretNames
    private let logger: Logger
    /// Sentence that was logged last.
    private var reported = SecretNames()

    init(secrets: SecretsInForce, hooks: [HookSettings], logger: Logger) {
        self.secrets = secrets
        self.hooks = SecretNames(of: hooks)
        self.logger = logger
    }

    /// Whether there is something to say or to drop.
    var isConcerned: Bool { !secrets.kept.isEmpty || reported != SecretNames() }

    /// Drops what neither the state in force nor one that is still to be judged needs.
    ///
    /// - Returns: what `status` shows from now on; nil for what it shows already.
    func settle(inForce: SecretNames, awaited: SecretNames, at now: Instant) -> GuardState? {
        secrets.drop(allBut: inForce.union(awaited).union(hooks))
        let names = secrets.kept.names
        guard names != reported else { return nil }
        reported = names
        let all = names.tokens.sorted() + names.pins.sorted()
        guard !all.isEmpty else {
            logger.notice("Secrets are complete again, or no longer needed")
            return GuardState(.secretsKept, since: nil)
        }
        let counts = [
            names.tokens.isEmpty ? nil : names.tokens.count.counted("token"),
            names.pins.isEmpty ? nil : names.pins.count.counted("PIN"),
        ].compactMap(\.self).joined(separator: " and ")
        let list = all.prefix(Self.maxNamed).joined(separator: ", ")
        let more = all.count > Self.maxNamed ? " and \(all.count - Self.maxNamed) more" : ""
        logger.error(
            "Secrets are incomplete: what the desired state in force needs is kept from the last reading",
            metadata: ["count": "\(all.count)", "names": "\(list)\(more)"])
        return GuardState(
            .secretsKept, since: now,
            detail: "\(counts) kept from the last reading: \(list)\(more); a restart would lose "
                + "\(all.count == 1 ? "it" : "them"): put \(all.count == 1 ? "it" : "them") back, or remove the entries"
        )
    }

    /// How many names are shown.
    private static let maxNamed = 20
}
