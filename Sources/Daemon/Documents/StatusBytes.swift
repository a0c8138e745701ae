import Foundation

extension JSONBytes {
    /// One number as it stands in the list of ``StatusDocument``.
    public init(_ number: StatusDocument.Number, isPretty: Bool) {
        self.init(isPretty: isPretty, depth: 2)
        begin("{")
        key("applied_at")
        write(number.appliedAt.value)
        key("attempts")
        write(number.attempts)
        key("belief")
        begin("[")
        for state in number.belief {
            element()
            write(state)
        }
        end("]")
        key("certain")
        write(number.certain)
        key("condition")
        write(number.condition)
        key("desired")
        write(number.desired.value)
        key("label")
        write(number.label.value)
        key("last_error")
        write(number.lastError.value)
        key("next_action")
        write(number.nextAction.value)
        key("next_action_at")
        write(number.nextActionAt.value)
        key("number")
        write(number.number)
        key("pin_generation")
        write(number.pinGeneration.value)
        key("reason")
        write(number.reason)
        key("rotated_at")
        write(number.rotatedAt.value)
        end("}")
    }
}

/// A ``StatusDocument`` with numbers that were written one by one: the same bytes as the encoder's, without its memory.
public struct StatusBytes: Sendable {
    /// What stands before and after the numbers, and between the brackets when there are none.
    private let head: String
    private let tail: String
    private let nothing: String
    private let separator: String
    private let end: String

    /// - Parameters:
    ///   - document: a document without numbers.
    ///   - isPretty: whether it is indented, for people.
    public init(_ document: StatusDocument, isPretty: Bool) throws {
        let encoder = JSONCoding.encoder
        if isPretty { encoder.outputFormatting.insert(.prettyPrinted) }
        let text = String(decoding: try encoder.encode(document), as: UTF8.self)
        let list = isPretty ? "\"numbers\" : [" : "\"numbers\":["
        guard document.numbers.isEmpty, let opening = text.range(of: list, options: .backwards),
            let closing = text.range(of: "]", range: opening.upperBound..<text.endIndex)
        else { preconditionFailure("a status without numbers has an empty list of them") }
        head = String(text[..<opening.upperBound])
        tail = String(text[closing.lowerBound...])
        nothing = String(text[opening.upperBound..<closing.lowerBound])
        separator = isPretty ? "\n    " : ""
        end = isPretty ? "\n  " : ""
    }

    /// Hands the document to `body` in pieces.
    public func write(_ numbers: [JSONBytes], to body: (String) -> Void) {
        body(head)
        guard !numbers.isEmpty else { return body(nothing + tail) }
        var isFirst = true
        var piece: [UInt8] = []
        for number in numbers {
            if !isFirst { piece.append(UInt8(ascii: ",")) }
            isFirst = false
            piece += separator.utf8
            piece += number.bytes
            guard piece.count > Self.pieceSize else { continue }
            body(String(decoding: piece, as: UTF8.self))
            piece.removeAll(keepingCapacity: true)
        }
        body(String(decoding: piece, as: UTF8.self) + end + tail)
    }

    private static let pieceSize = 1 << 16

    /// The whole document.
    func all(_ numbers: [JSONBytes]) -> String {
        var text = ""
        text.reserveCapacity(numbers.reduce(1024) { $0 + $1.bytes.count + 8 })
        write(numbers) { text += $0 }
        return text
    }
}
