import Foundation

/// Writes a ``StatusDocument`` number by number: the bytes that the encoder gives for the whole document, of which a
/// hundred thousand numbers would be in its memory many times over.
public struct StatusStream: Sendable {
    private let encoder: JSONEncoder
    private let isPretty: Bool

    /// - Parameter isPretty: whether it is indented, for people.
    public init(isPretty: Bool) {
        encoder = JSONCoding.encoder
        if isPretty { encoder.outputFormatting.insert(.prettyPrinted) }
        self.isPretty = isPretty
    }

    /// One number, as it appears in the list.
    public func piece(_ number: StatusDocument.Number) -> [UInt8] {
        let bytes: Data
        do { bytes = try encoder.encode(number) } catch {
            preconditionFailure("texts and numbers always encode: \(error)")
        }
        return isPretty ? Self.indented(bytes) : Array(bytes)
    }

    /// Hands the document to `body` in pieces of bounded size.
    ///
    /// - Parameters:
    ///   - document: the document without its numbers.
    ///   - numbers: each as ``piece(_:)`` gives it.
    ///   - body: is called with each piece in turn.
    public func write(_ document: StatusDocument, _ numbers: [[UInt8]], to body: (String) -> Void) throws {
        let text = String(decoding: try encoder.encode(document), as: UTF8.self)
        guard !numbers.isEmpty else { return body(text) }
        // The list is the only empty one, and keys are sorted: nothing that an operator writes follows it.
        guard let opening = text.range(of: isPretty ? "\"numbers\" : [" : "\"numbers\":[", options: .backwards),
            let closing = text.range(of: "]", range: opening.upperBound..<text.endIndex)
        else { preconditionFailure("a status without numbers has an empty list of them") }
        var piece = Array(text[..<opening.upperBound].utf8)
        for (index, number) in numbers.enumerated() {
            if index > 0 { piece.append(UInt8(ascii: ",")) }
            if isPretty { piece += Self.lineStart }
            piece += number
            guard piece.count > Self.pieceSize else { continue }
            body(String(decoding: piece, as: UTF8.self))
            piece.removeAll(keepingCapacity: true)
        }
        body(String(decoding: piece, as: UTF8.self) + (isPretty ? "\n  " : "") + text[closing.lowerBound...])
    }

    private static let pieceSize = 1 << 16
    private static let lineStart = Array("\n    ".utf8)

    /// A document as deep as an element of the list; empty lines stay empty, as the encoder leaves them.
    private static func indented(_ document: Data) -> [UInt8] {
        let newline = UInt8(ascii: "\n")
        let lines = document.split(separator: newline, omittingEmptySubsequences: false)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(document.count + 4 * lines.count)
        for (index, line) in lines.enumerated() {
            if index > 0 { bytes += line.isEmpty ? [newline] : Self.lineStart }
            bytes += line
        }
        return bytes
    }
}
