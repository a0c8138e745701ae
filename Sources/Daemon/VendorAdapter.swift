import ConfigFile
import Planning
import Reconciler
import Synchronization
import VendorAPI

/// The secrets that are in force; replaced as a whole by a reload.
final class SecretsInForce: Sendable {
    private struct State {
        var sources: SecretSources
        /// Made when it is asked for: a daemon at rest shows nothing to anybody.
        lazy var index = SecretIndex(sources.everySecret)
    }

    private let current: Mutex<State>

    init(_ secrets: SecretSources) {
        current = Mutex(State(sources: secrets))
    }

    var value: SecretSources { current.withLock { $0.sources } }

    /// All of them, to be kept out of what is shown.
    var index: SecretIndex { current.withLock { $0.index } }

    func replace(with secrets: SecretSources) {
        current.withLock { $0 = State(sources: secrets) }
    }
}

/// The engine's vendor port over HTTP: it puts the token's value into the request, and nothing else knows it.
struct VendorAdapter: VendorConnection {
    let client: HTTPVendorClient
    let secrets: SecretsInForce
    let flights: FlightLog

    func send(_ call: VendorCall, completion: @escaping @Sendable (Outcome) -> Void) {
        let token: Token
        do {
            token = try secrets.value.token(named: call.tokenName)
        } catch {
            completion(Outcome(.tokenUnavailable, message: error.description))
            return
        }
        let request = VendorRequest(endpoint: call.endpoint, token: token, operation: call.operation)
        flights.begin(call.changeID)
        client.send(request, hiding: secrets.index) { outcome in
            flights.end(call.changeID)
            completion(outcome)
        }
    }
}
