import ConfigFile
import Planning
import Synchronization
import Vendors

/// The secrets that are in force: the newest reading, and what the desired state in force needs of earlier ones.
final class SecretsInForce: Sendable {
    private struct State {
        var sources: SecretSources
        var kept = KeptSecrets()
        /// Values that newer ones have replaced, the newest last: a vendor may still repeat them.
        var replaced: [String] = []
        /// Made when it is asked for: a daemon at rest shows nothing to anybody.
        lazy var index = SecretIndex(sources.everySecret + kept.everySecret + replaced)
    }

    private let current: Mutex<State>

    init(_ secrets: SecretSources) {
        current = Mutex(State(sources: secrets))
    }

    /// The newest reading.
    var value: SecretSources { current.withLock { $0.sources } }

    /// All of them, to be kept out of what is shown.
    var index: SecretIndex { current.withLock { $0.index } }

    /// Secrets that are kept of earlier readings.
    var kept: KeptSecrets { current.withLock { $0.kept } }

    /// The token of this name: of the newest reading, or else of an earlier one.
    func token(named name: String) throws(SecretError) -> Token {
        let (sources, kept) = current.withLock { ($0.sources, $0.kept) }
        do throws(SecretError) {
            return try sources.token(named: name)
        } catch {
            guard let token = kept.token(named: name) else { throw error }
            return token
        }
    }

    /// The operator-owned PIN of this name: of the newest reading, or else of an earlier one.
    func pin(named name: String) throws(SecretError) -> PIN {
        let (sources, kept) = current.withLock { ($0.sources, $0.kept) }
        do throws(SecretError) {
            return try sources.pin(named: name)
        } catch {
            guard let pin = kept.pin(named: name) else { throw error }
            return pin
        }
    }

    /// Takes a new reading. What it lacks is kept until ``drop(allBut:)`` says that nothing in force needs it.
    func replace(with secrets: SecretSources) {
        current.withLock { state in
            let kept = secrets.lacking(of: state.sources, state.kept)
            let present = secrets.everySecret
            let held = Set(present + kept.everySecret)
            let replaced = (state.replaced + state.sources.everySecret).filter { !held.contains($0) }
            state = State(
                sources: secrets, kept: kept, replaced: Array(replaced.suffix(max(Self.leastReplaced, present.count))))
        }
    }

    /// So many replaced values are hidden at least, and as many as there are secrets.
    private static let leastReplaced = 1000

    /// Drops what is kept and not needed.
    func drop(allBut needed: SecretNames) {
        current.withLock { state in
            var kept = state.kept
            kept.drop(allBut: needed)
            guard kept.names != state.kept.names else { return }
            state = State(sources: state.sources, kept: kept, replaced: state.replaced)
        }
    }
}
