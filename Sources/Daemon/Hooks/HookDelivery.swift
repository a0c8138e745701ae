import ConfigFile
import Planning
import Storage
import Vendors

/// One attempt to deliver one notification to one hook.
struct HookDelivery: Sendable {
    /// The reason why an attempt failed, on one line without secrets.
    struct Failure: Error, Hashable, CustomStringConvertible {
        let description: String
        /// The time that the receiver asks to wait; nil when it does not.
        var retryAfter: Duration?
        /// True when that wait applies to every notification to this receiver.
        var isOverloaded = false
    }

    let hook: HookSettings
    let secrets: SecretsInForce
    let client: WebhookClient
    let clock: SystemClock
    /// Records in the audit trail that the hook receives a PIN, and returns that PIN.
    let pin: @Sendable (HookNotification) async throws(Failure) -> PIN?

    func deliver(_ notification: HookNotification) async throws(Failure) {
        switch hook.target {
        case .url(let url): try await post(notification, to: url)
        case .secretURL(let name):
            let url = try secret(name).reveal()
            if let problem = HookURL.problem(with: url) {
                throw Failure(description: "the secret '\(name)' \(problem)")
            }
            try await post(notification, to: url)
        case .command(let command): try await run(command, notification)
        }
    }

    private func post(_ notification: HookNotification, to url: String) async throws(Failure) {
        let document = HookDocument(notification)
        let body = hook.template.flatMap { document.filling($0) } ?? document.json
        let signing: Token? = if let name = hook.signingSecret { try secret(name) } else { nil }
        let headers = WebhookSignature.headers(id: notification.uid, now: clock.now(), body: body, secret: signing)
        do {
            try await client.post(
                body, to: url, headers: headers, failureText: hook.failureText, timeout: hook.timeout,
                now: clock.now())
        } catch {
            throw Failure(
                description: clean(error.description, SecretIndex([url])), retryAfter: error.retryAfter,
                isOverloaded: error.isOverloaded)
        }
    }

    private func run(_ command: [String], _ notification: HookNotification) async throws(Failure) {
        let pin: PIN? = hook.includesPIN && notification.kind == .rotated ? try await pin(notification) : nil
        let environment = [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
            "TWOSTEPD_HOOK": hook.name, "TWOSTEPD_EVENT": notification.kind.rawValue,
        ]
        let input = Array((HookDocument(notification, pin: pin).json + "\n").utf8)
        do {
            try await HookProgram.run(command, environment: environment, input: input, timeout: hook.timeout)
        } catch {
            throw Failure(description: clean(error.description, SecretIndex(pin.map { [$0.reveal()] } ?? [])))
        }
    }

    private func secret(_ name: String) throws(Failure) -> Token {
        do { return try secrets.token(named: name) } catch { throw Failure(description: error.description) }
    }

    /// Cleans text from a receiver, which may repeat the secrets that it was sent.
    private func clean(_ text: String, _ own: SecretIndex) -> String {
        String(own.redacting(secrets.index.redacting(text)).onOneLine().prefix(500))
    }
}
