/// Many secrets, ordered so that a text is searched for all of them in one pass. It cannot print itself.
public struct SecretIndex: Sendable {
    /// Shorter ones are words of every sentence, and are only looked for in the answer to their own request.
    public static let shortest = 4

    /// The secrets by their first ``shortest`` bytes, longest first.
    private var byStart: [UInt32: [[UInt8]]] = [:]

    /// An index of nothing.
    public init() {}

    /// An index of `secrets`; those under ``shortest`` bytes are left out.
    public init(_ secrets: some Sequence<String>) {
        for secret in secrets {
            let bytes = Array(secret.utf8)
            guard let start = Self.start(of: bytes[...]) else { continue }
            byStart[start, default: []].append(bytes)
        }
        for (start, secrets) in byStart where secrets.count > 1 {
            byStart[start] = secrets.sorted { $0.count > $1.count }
        }
    }

    /// `text` with every secret replaced.
    public func redacting(_ text: String) -> String {
        String(decoding: redacting(Array(text.utf8)), as: UTF8.self)
    }

    /// `bytes` with every secret replaced.
    func redacting(_ bytes: [UInt8]) -> [UInt8] {
        guard !byStart.isEmpty else { return bytes }
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let rest = bytes[index...]
            let secrets = Self.start(of: rest).flatMap { byStart[$0] } ?? []
            if let secret = secrets.first(where: { rest.starts(with: $0) }) {
                result += Redaction.placeholder.utf8
                index += secret.count
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return result
    }

    private static func start(of bytes: ArraySlice<UInt8>) -> UInt32? {
        guard bytes.count >= shortest else { return nil }
        return bytes.prefix(shortest).reduce(0) { $0 << 8 | UInt32($1) }
    }
}

extension SecretIndex: CustomStringConvertible, CustomReflectable {
    public var description: String { "SecretIndex(redacted)" }
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
