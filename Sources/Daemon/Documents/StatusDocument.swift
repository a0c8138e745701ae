import Foundation
public import Planning
public import Storage

/// `status`: the daemon, the desired state in force, and the condition of every number.
public struct StatusDocument: Encodable, Sendable {
    /// The daemon that works on this store.
    public struct DaemonState: Encodable, Sendable {
        public let running: Bool
        public let pid: Nullable<Int32>
        public let since: Nullable<String>
    }

    /// The desired state in force.
    public struct DesiredStateInForce: Encodable, Sendable {
        public let revision: Nullable<Int>
        public let sha256: Nullable<String>
        public let loadedAt: Nullable<String>
        /// True when the file was valid and adopted at its last reading.
        public let valid: Bool
        /// The SHA-256 of the file that waits for `accept`.
        public let heldRevision: Nullable<String>
    }

    /// One number.
    public struct Number: Encodable, Sendable {
        public let number: String
        public let label: Nullable<String>
        public let desired: Nullable<String>
        public let belief: [String]
        public let certain: Bool
        public let condition: String
        public let reason: String
        public let pinGeneration: Nullable<Int>
        public let appliedAt: Nullable<String>
        public let rotatedAt: Nullable<String>
        public let nextAction: Nullable<String>
        public let nextActionAt: Nullable<String>
        public let attempts: Int
        public let lastError: Nullable<String>
        public let vendor: Nullable<String>
        /// `on` or `off`, as observed last.
        public let observed: Nullable<String>
        public let observedAt: Nullable<String>
        /// The count of re-applies in a row that the vendor refused since `applied_at`.
        public let reapplyRefusals: Int
    }

    public let version = 1
    public let at: String
    public let daemon: DaemonState
    public let desiredState: DesiredStateInForce
    public let numbers: [Number]

    private enum CodingKeys: String, CodingKey {
        case version, at, daemon, desiredState, numbers
    }

    /// Makes the status at `at`.
    ///
    /// - Parameters:
    ///   - at: the instant of the status.
    ///   - holder: the process that works on the store; nil for none.
    ///   - inForce: the desired state in the store; nil when there is no store yet.
    ///   - standings: the numbers to show, in order.
    public init(at: Instant, holder: LockHolder?, inForce: DesiredStateStatus?, standings: [NumberStatus]) {
        self.at = at.description
        let isDaemon = holder?.command == "run"
        daemon = DaemonState(
            running: isDaemon, pid: Nullable(isDaemon ? holder?.pid : nil),
            since: Nullable(isDaemon ? holder?.since?.description : nil)
        )
        desiredState = DesiredStateInForce(
            revision: Nullable(inForce?.revision), sha256: Nullable(inForce?.sha256),
            loadedAt: Nullable(inForce?.loadedAt?.description), valid: inForce?.isValid ?? false,
            heldRevision: Nullable(inForce?.held?.sha256)
        )
        numbers = standings.map(\.document)
    }
}

/// `/v1/numbers/{number}`: one number, its PIN generations without the PINs, and its last requests.
struct NumberDocument: Encodable {
    struct Generation: Encodable {
        let generation: Int
        let origin: String
        let createdAt: String
        let liveFrom: Nullable<String>
        let liveUntil: Nullable<String>
        let maybeLive: Bool
    }

    let version = 1
    let number: StatusDocument.Number
    let rotationDueAt: Nullable<String>
    let generations: [Generation]
    let changes: [HistoryDocument.Change]

    private enum CodingKeys: String, CodingKey { case version, number, rotationDueAt, generations, changes }

    init(_ standing: NumberStatus, pins: [PINRow], changes: [ChangeEntry]) {
        number = standing.document
        rotationDueAt = Nullable(standing.rotationAt?.description)
        generations = pins.map { row in
            let pin = row.generation
            return Generation(
                generation: pin.generation, origin: pin.origin.text, createdAt: pin.createdAt.description,
                liveFrom: Nullable(pin.liveFrom?.description), liveUntil: Nullable(pin.liveUntil?.description),
                maybeLive: row.maybeLive)
        }
        self.changes = HistoryDocument(changes).changes
    }
}

/// Writes a ``StatusDocument`` number by number, with the same bytes as the encoder gives for the whole document. The
/// encoder would hold a hundred thousand numbers in memory many times over.
public struct StatusStream: Sendable {
    private let encoder: JSONEncoder
    private let isPretty: Bool

    /// - Parameter isPretty: true to indent the output, for people.
    public init(isPretty: Bool) {
        encoder = JSONCoding.encoder
        if isPretty { encoder.outputFormatting.insert(.prettyPrinted) }
        self.isPretty = isPretty
    }

    /// Returns one number as it appears in the list.
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
    ///   - numbers: each as ``piece(_:)`` returns it.
    ///   - body: receives each piece in turn.
    public func write(_ document: StatusDocument, _ numbers: [[UInt8]], to body: (String) -> Void) throws {
        let text = String(decoding: try encoder.encode(document), as: UTF8.self)
        guard !numbers.isEmpty else { return body(text) }
        // The list is the only empty one, and keys are sorted: no text of an operator follows it.
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

    /// Returns a document indented as an element of the list; empty lines stay empty, as the encoder leaves them.
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
