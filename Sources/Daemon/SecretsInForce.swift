import ConfigFile
import Planning
import Synchronization
import Vendors

/// The secrets in force: the newest reading, and those of earlier readings that the desired state in force needs.
final class SecretsInForce: Sendable {
    private struct State {
        var sources: SecretSources
        var kept = KeptSecrets()
        /// The values that newer ones have replaced, the newest last: a vendor may still repeat them.
        var replaced: [String] = []
        /// Computed when first used: an idle daemon shows nothing.
        lazy var index = SecretIndex(sources.everySecret + kept.everySecret + replaced)
    }

    private let current: Mutex<State>

    init(_ secrets: SecretSources) {
        current = Mutex(State(sources: secrets))
    }

    /// The newest reading.
    var value: SecretSources { current.withLock { $0.sources } }

    /// All secrets, for redacting them from output.
    var index: SecretIndex { current.withLock { $0.index } }

    /// The secrets that are kept from earlier readings.
    var kept: KeptSecrets { current.withLock { $0.kept } }

    /// Returns the token of this name: from the newest reading, or else from an earlier one.
    func token(named name: String) throws(SecretError) -> Token {
        let (sources, kept) = current.withLock { ($0.sources, $0.kept) }
        do throws(SecretError) {
            return try sources.token(named: name)
        } catch {
            guard let token = kept.token(named: name) else { throw error }
            return token
        }
    }

    /// Returns the operator-owned PIN of this name: from the newest reading, or else from an earlier one.
    func pin(named name: String) throws(SecretError) -> PIN {
        let (sources, kept) = current.withLock { ($0.sources, $0.kept) }
        do throws(SecretError) {
            return try sources.pin(named: name)
        } catch {
            guard let pin = kept.pin(named: name) else { throw error }
            return pin
        }
    }

    /// Adopts a new reading. Secrets that it lacks are kept until ``drop(allBut:)`` says that nothing in force needs
    /// them.
    func replace(with secrets: SecretSources) {
        current.withLock { state in
            let kept = secrets.lacking(of: state.sources, state.kept)
            let present = secrets.everySecret
            let held = Set(present + kept.everySecret)
            let replaced = (state.replaced + state.sources.everySecret).filter { !held.contains($0) }
            state = State(
                sources: secrets, kept: kept, replaced: Array(replaced.suffix(max(Self.minReplaced, present.count))))
        }
    }

    /// The minimum count of replaced values that are hidden; with more secrets, as many as there are secrets.
    private static let minReplaced = 1000

    /// Drops the kept secrets that are not needed.
    func drop(allBut needed: SecretNames) {
        current.withLock { state in
            var kept = state.kept
            kept.drop(allBut: needed)
            guard kept.names != state.kept.names else { return }
            state = State(sources: state.sources, kept: kept, replaced: state.replaced)
        }
    }
}
