import Daemon
import Foundation

/// Documents on standard output.
enum JSONOutput {
    static func print(_ document: some Encodable) throws { Console.print(try text(document)) }

    static func text(_ document: some Encodable) throws -> String {
        let encoder = JSONCoding.encoder
        encoder.outputFormatting.insert(.prettyPrinted)
        return String(decoding: try encoder.encode(document), as: UTF8.self)
    }
}
