import Daemon
import Foundation
import Planning
import Testing

@testable import twostepd

@Suite("Status documents that are written number by number")
struct StatusStreamTests {
    /// Returns the document encoded with all its numbers, and the same written piece by piece.
    private func texts(_ standings: [NumberStatus], isPretty: Bool) throws -> (encoded: String, written: String) {
        let (now, holder) = (try TextFleet().now, try TextFleet().snapshot().holder)
        let encoder = JSONCoding.encoder
        if isPretty { encoder.outputFormatting.insert(.prettyPrinted) }
        let whole = StatusDocument(at: now, holder: holder, inForce: nil, standings: standings)
        let empty = StatusDocument(at: now, holder: holder, inForce: nil, standings: [])
        var written = ""
        let stream = StatusStream(isPretty: isPretty)
        try stream.write(empty, standings.map { stream.piece($0.document) }) { written += $0 }
        return (String(decoding: try encoder.encode(whole), as: UTF8.self), written)
    }

    @Test(arguments: [true, false])
    func `they are the encoder's, byte for byte, whatever a label or a message holds`(isPretty: Bool) throws {
        let labels = [
            "plain", "a \"quoted\" one", "back\\slash", "a/b", "tab\tand\nline", "é, 日本, 🙂", "\u{7F}\u{1}", "",
        ]
        let records = try labels.flatMap { label in
            try TextFleet().records().map { record in
                var record = record
                record.desired?.label = label
                record.lastError = record.lastError.map { $0 + label }
                return record
            }
        }
        let now = try TextFleet().now
        for count in [0, 1, 2, records.count] {
            let standings = records.prefix(count).map { NumberStatus($0, operatorPIN: nil, policy: Policy(), now: now) }
            let (encoded, written) = try texts(standings, isPretty: isPretty)
            #expect(written == encoded)
        }
        // More than one piece.
        let many = Array(repeating: try TextFleet().standings(), count: 60).flatMap(\.self)
        let (encoded, written) = try texts(many, isPretty: isPretty)
        #expect(written == encoded && written.utf8.count > 1 << 17)
    }
}
