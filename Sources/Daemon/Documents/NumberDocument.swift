import Planning
import Storage

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

    init(_ standing: Standing, pins: [PINRow], changes: [ChangeEntry]) {
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
