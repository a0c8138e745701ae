import ConfigFile
import Planning
import Reconciler
import Synchronization
import VendorAPI

/// The secrets that are in force; replaced as a whole by a reload.
final class SecretsInForce: Sendable {
    private let current: Mutex<SecretSources>

    init(_ secrets: SecretSources) { current = Mutex(secrets) }

    var value: SecretSources { current.withLock { $0 } }

    func replace(with secrets: SecretSources) { current.withLock { $0 = secrets } }
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
        let content: VendorRequest.Content
        switch call.content {
        case .disable: content = .disable
        case .enable(let pin): content = .enable(pin)
        }
        let request = VendorRequest(endpoint: call.endpoint, token: token, content: content)
        flights.begin(call.changeID)
        Task {
            let outcome = await client.send(request)
            flights.end(call.changeID)
            completion(outcome)
        }
    }
}
