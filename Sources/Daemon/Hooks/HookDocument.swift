import ConfigFile
import Crypto
import Foundation
import Planning
import Storage

/// A notification as JSON.
struct HookDocument: Encodable {
    let version = 1
    let id: String
    let kind: String
    let at: String
    let number: Nullable<String>
    let label: Nullable<String>
    /// The newest request for the number, as `history` names it.
    let change: Nullable<Int64>
    let generation: Nullable<Int>
    let detail: Nullable<String>
    /// `turned_off`, `turned_on` or `pin_changed`; null for every other kind of notification.
    let drift: Nullable<String>
    /// A sentence for people.
    let summary: String
    /// 1 for the first attempt; a higher count when the receiver may have seen the notification before.
    let attempt: Int
    /// Present only for a program whose settings ask for it.
    let pin: String?

    init(_ notification: HookNotification, pin: PIN? = nil) {
        id = notification.uid
        kind = notification.kind.rawValue
        at = notification.at.description
        number = Nullable(notification.number?.description)
        label = Nullable(notification.label)
        change = Nullable(notification.changeID)
        generation = Nullable(notification.generation)
        detail = Nullable(notification.detail)
        drift = Nullable(notification.drift?.rawValue)
        summary = Self.summary(notification)
        attempt = notification.attempts + 1
        self.pin = pin?.reveal()
    }

    private enum CodingKeys: String, CodingKey {
        case version, id, kind, at, number, label, change, generation, detail, drift, summary, attempt, pin
    }

    private static func summary(_ notification: HookNotification) -> String {
        let name = notification.number.map { number in notification.label.map { "\($0) (\(number))" } ?? "\(number)" }
        let subject = name.map { "\($0): " } ?? ""
        return "twostepd: \(subject)\(notification.kind.sentence)" + (notification.detail.map { " (\($0))" } ?? "")
    }

    var json: String {
        // Only text, numbers and nulls, which always encode.
        (try? JSONCoding.encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    /// Returns `template` with its placeholders replaced by this document's values.
    func filling(_ template: String) -> String? {
        HookSettings.fill(template) { word in
            switch word {
            case "kind": kind
            case "at": at
            case "number": number.value ?? ""
            case "label": label.value ?? ""
            case "detail": detail.value ?? ""
            case "summary": summary
            default: id
            }
        }
    }
}

/// Signs the body of a webhook request, as Standard Webhooks 1.0 describes (https://www.standardwebhooks.com).
enum WebhookSignature {
    /// Returns the headers of one attempt.
    ///
    /// - Parameter secret: the signing secret; `whsec_` and base64, or any other text as its bytes. Nil signs nothing.
    static func headers(id: String, now: Instant, body: String, secret: Token?) -> [(String, String)] {
        let timestamp = String(now.millisecondsSinceEpoch / 1000)
        let head = [("webhook-id", id), ("webhook-timestamp", timestamp)]
        guard let secret else { return head }
        let mac = HMAC<SHA256>.authenticationCode(
            for: Data("\(id).\(timestamp).\(body)".utf8), using: SymmetricKey(data: key(secret.reveal())))
        return head + [("webhook-signature", "v1," + Data(mac).base64EncodedString())]
    }

    private static func key(_ secret: String) -> Data {
        let prefix = "whsec_"
        guard secret.hasPrefix(prefix), let key = Data(base64Encoded: String(secret.dropFirst(prefix.count))) else {
            return Data(secret.utf8)
        }
        return key
    }
}
