import Foundation

/// JSON that is written piece by piece, the same bytes as ``JSONCoding`` gives: for documents of a hundred thousand
/// parts, which an encoder would hold in memory many times over.
public struct JSONBytes: Sendable {
    public private(set) var bytes: [UInt8] = []
    private let isPretty: Bool
    /// How many objects and arrays are open around what is written.
    private var depth: Int
    private var isFirst = true

    init(isPretty: Bool, depth: Int) {
        self.isPretty = isPretty
        self.depth = depth
    }

    mutating func begin(_ bracket: Character) {
        bytes.append(bracket.asciiValue ?? 0)
        depth += 1
        isFirst = true
    }

    mutating func end(_ bracket: Character) {
        depth -= 1
        if isPretty {
            // An encoder leaves an empty line in what is empty.
            if isFirst { bytes.append(Self.newline) }
            indent()
        }
        bytes.append(bracket.asciiValue ?? 0)
        isFirst = false
    }

    /// Begins the next element of an array.
    mutating func element() {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        if isPretty { indent() }
    }

    /// Begins the next member of an object.
    mutating func key(_ name: StaticString) {
        element()
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes += $0 }
        bytes += isPretty ? "\" : ".utf8 : "\":".utf8
    }

    mutating func write(_ text: String) {
        // What has to be escaped is rare, and the encoder knows how.
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") && $0 < 0x7F })
        else {
            // A text always encodes.
            bytes += (try? JSONCoding.encoder.encode(text)) ?? Data()
            return
        }
        bytes.append(UInt8(ascii: "\""))
        bytes += text.utf8
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func write(_ text: String?) { if let text { write(text) } else { bytes += "null".utf8 } }
    mutating func write(_ number: Int?) { bytes += (number.map(String.init) ?? "null").utf8 }
    mutating func write(_ flag: Bool) { bytes += (flag ? "true" : "false").utf8 }

    private static let newline = UInt8(ascii: "\n")

    private mutating func indent() {
        bytes.append(Self.newline)
        for _ in 0..<depth { bytes += "  ".utf8 }
    }
}
