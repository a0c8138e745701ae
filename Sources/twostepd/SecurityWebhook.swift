import Daemon
import Foundation
import Planning

/// The body of WhatsApp's webhook, of which only the events about the security of numbers are read.
///
/// It is read as a whole before anything is reported, and nothing beyond its statements is inferred.
struct SecurityWebhook {
    /// The size limit of a body, in bytes.
    static let maxSize = 1 << 20
    /// The limit of changes in one body; WhatsApp groups up to this many.
    static let maxChanges = 1000

    /// The reports in the body, in its order.
    private(set) var items: [ControlMessage.ObservationReport.Item] = []
    /// The unknown events of its field `security`, in words.
    private(set) var ignored: [String] = []
    /// The problems of those changes of its field `security` that cannot be read.
    private(set) var unreadable: [String] = []

    /// - Throws: ``CommandFailure`` with exit 65 when `bytes` are not such a body, or no part of it can be read.
    init(_ bytes: [UInt8]) throws {
        let body: Body
        do {
            body = try JSONDecoder().decode(Body.self, from: Data(bytes))
        } catch let error as DecodingError {
            throw Self.malformed(error.place)
        }
        guard body.object == Body.account else { throw Self.malformed("its object is not \(Body.account)") }
        let changes = body.entry.flatMap { $0.changes ?? [] }
        guard changes.count <= Self.maxChanges else {
            throw Self.malformed("it has more than \(Self.maxChanges) changes")
        }
        for value in changes.compactMap(\.value) {
            guard case .success(let value) = value else {
                if case .failure(let error) = value { unreadable.append(error.place) }
                continue
            }
            let digits = value.displayPhoneNumber.filter { $0.isASCII && $0.isNumber }
            guard let number = PhoneNumber("+\(digits)") else {
                unreadable.append("a display_phone_number is not a telephone number")
                continue
            }
            guard let kind = Self.kind(of: value.event) else {
                ignored.append("\(number): unknown event \(Self.line(value.event))")
                continue
            }
            let requester = value.requester.map { ", requester \(Self.line($0))" } ?? ""
            items.append(.init(number: number.description, kind: kind, source: "meta-security\(requester)"))
        }
        if let first = unreadable.first, items.isEmpty, ignored.isEmpty { throw Self.malformed(first) }
    }

    /// Returns the kind of report of an event of the field `security`; nil for an unknown event.
    private static func kind(of event: String) -> ControlMessage.ObservationReport.Item.Kind? {
        switch event {
        case "PIN_CHANGED": .pinChanged
        case "PIN_RESET_SUCCESS": .off
        case "PIN_RESET_REQUEST": .disableRequested
        default: nil
        }
    }

    private static func malformed(_ problem: String) -> CommandFailure {
        .malformedInput("standard input is not the body of WhatsApp's webhook: \(problem); nothing was reported")
    }

    /// Returns another system's text, bounded and on one line.
    private static func line(_ text: String) -> String { String(text.unicodeScalars.prefix(64)).onOneLine() }
}

/// WhatsApp's webhook, as documented: only the values of the field `security` are decoded.
private struct Body: Decodable {
    static let account = "whatsapp_business_account"

    let object: String
    let entry: [Entry]

    struct Entry: Decodable {
        let changes: [Change]?
    }

    struct Change: Decodable {
        /// Nil for every other field; a value that cannot be read leaves the others readable.
        let value: Result<Value, DecodingError>?

        private enum CodingKeys: String, CodingKey { case field, value }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            let isSecurity = try container.decode(String.self, forKey: .field) == "security"
            guard isSecurity else {
                value = nil
                return
            }
            do {
                value = .success(try container.decode(Value.self, forKey: .value))
            } catch let error as DecodingError {
                value = .failure(error)
            }
        }
    }

    struct Value: Decodable {
        let displayPhoneNumber: String
        let event: String
        let requester: String?

        private enum CodingKeys: String, CodingKey {
            case displayPhoneNumber = "display_phone_number"
            case event, requester
        }
    }
}

extension DecodingError {
    /// The place where a document is not as expected, without its content.
    fileprivate var place: String {
        let (path, problem) =
            switch self {
            case .keyNotFound(let key, let context): (context.codingPath + [key], "is missing")
            case .typeMismatch(_, let context), .valueNotFound(_, let context): (context.codingPath, "has another type")
            case .dataCorrupted(let context): (context.codingPath, "cannot be read")
            @unknown default: ([], "cannot be read")
            }
        guard !path.isEmpty else { return "it is not JSON of that form" }
        return path.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined().dropFirst() + " \(problem)"
    }
}
