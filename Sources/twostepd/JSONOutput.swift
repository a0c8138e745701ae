import Daemon
import Foundation

/// Documents on standard output.
enum JSONOutput {
    static func print(_ document: some Encodable) throws {
        let encoder = JSONCoding.encoder
        encoder.outputFormatting.insert(.prettyPrinted)
        Console.print(String(decoding: try encoder.encode(document), as: UTF8.self))
    }
}
