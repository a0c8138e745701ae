import Foundation
public import Planning

/// A bundle of numbers on their way from one store to another: lines of JSON, each behind the code that vouches for it.
///
/// The first line says what it is, the last how many numbers there are; in between stands one number a line.
public enum MoveBundle {
    /// The longest line, in bytes: a number with a thousand generations.
    static let longestLine = 1 << 20
    /// The most numbers of one bundle.
    static let mostNumbers = 10_000_000

    struct Header: Codable {
        var twostepdMove: Int
        var bundle: String
        /// The id of the transport key.
        var key: String
        /// Where it comes from, for the audit trail of where it goes.
        var source: String
        var at: String
    }

    struct Footer: Codable {
        var numbers: Int
    }

    static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }

    static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }
}

/// Writes a bundle, line by line; where the lines go is the caller's business.
public struct MoveBundleWriter: Sendable {
    /// The bundle's id: 32 random hexadecimal digits.
    public let bundle: String
    private let header: MoveBundle.Header
    private var sealer: MoveSealer
    private var count = 0

    /// - Parameters:
    ///   - key: the transport key.
    ///   - source: which store it comes from, in words.
    ///   - now: when it is written, for whoever looks at it.
    public init(key: SealingKey, source: String, at now: Instant) {
        bundle = UUID().uuidString.replacing("-", with: "").lowercased()
        header = MoveBundle.Header(
            twostepdMove: MoveSealer.version, bundle: bundle, key: key.id, source: source, at: now.description)
        sealer = MoveSealer(key: key, bundle: bundle)
    }

    /// The first line.
    public mutating func begin() -> String { line(header) }

    /// The line of one number.
    public mutating func add(_ moved: MovedNumber) -> String {
        count += 1
        let sealer = sealer
        return line(MoveRow(moved) { sealer.seal($0, number: moved.number, generation: $1) })
    }

    /// The last line: without it the bundle is none.
    public mutating func end() -> String { line(MoveBundle.Footer(numbers: count)) }

    private mutating func line(_ content: some Encodable) -> String {
        do {
            let bytes = Array(try MoveBundle.encoder.encode(content))
            return "\(sealer.vouch(for: bytes)) \(String(decoding: bytes, as: UTF8.self))\n"
        } catch {
            preconditionFailure("text, numbers and booleans always encode: \(error)")
        }
    }
}
