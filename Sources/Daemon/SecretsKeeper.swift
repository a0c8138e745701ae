import ConfigFile
import Logging
import Planning
import Storage

/// Keeps secrets of earlier readings that the desired state in force needs, and reports them in log and `status`.
///
/// Confined to the queue of the files.
final class SecretsKeeper {
    private let secrets: SecretsInForce
    /// The secrets of the settings' hooks, which are needed for as long as the process runs.
    private let hooks: SecretNames
    private let logger: Logger
    /// The names that were reported last.
    private var reported = SecretNames()

    init(secrets: SecretsInForce, hooks: [HookSettings], logger: Logger) {
        self.secrets = secrets
        self.hooks = SecretNames(of: hooks)
        self.logger = logger
    }

    /// True when there is something to report or to drop.
    var isConcerned: Bool { !secrets.kept.isEmpty || reported != SecretNames() }

    /// Drops the secrets that neither the state in force nor one that is still to be judged needs.
    ///
    /// - Returns: the state that `status` shows from now on; nil when it is unchanged.
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
            "Secrets are incomplete: those that the desired state in force needs are kept from the last reading",
            metadata: ["count": "\(all.count)", "names": "\(list)\(more)"])
        return GuardState(
            .secretsKept, since: now,
            detail: "\(counts) kept from the last reading: \(list)\(more); a restart would lose "
                + "\(all.count == 1 ? "it" : "them"): put \(all.count == 1 ? "it" : "them") back, or remove the entries"
        )
    }

    /// The limit of names that are shown.
    private static let maxNamed = 20
}
