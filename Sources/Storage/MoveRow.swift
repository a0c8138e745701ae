import Foundation
public import Planning

/// A number on its way between stores, as JSON: everything but its PINs is plain, and those are sealed.
public struct MoveRow: Codable, Hashable, Sendable {
    /// One generation with its PIN sealed, in base64.
    struct Generation: Codable, Hashable, Sendable {
        var generation: Int
        var sealed: Data
        var origin: String
        var createdAt: String
        var liveFrom: String?
        var liveUntil: String?
        var maybeLive: Bool
        var doubtAt: String?
    }

    struct Hold: Codable, Hashable, Sendable {
        var since: String
        var by: String
        var reason: String?
        var includesExposed: Bool
    }

    var number: String
    /// The desired columns by their names in the store.
    var desired: [String: String]
    var maybeOff: Bool
    var maybeForeign: Bool
    var offDoubtAt: String?
    var lastAccepted: String?
    var appliedAt: String?
    var rotatedAt: String?
    var rotatePinBefore: String?
    var pause: Hold?
    var recentWrites: [String]
    var moves: Int
    var pins: [Generation]

    /// The most generations of one number: those that may be live, and the newest few.
    static let mostGenerations = 1000

    /// - Parameter seal: seals the PIN of a generation.
    init(_ moved: MovedNumber, seal: (PIN, Int) -> [UInt8]) {
        number = moved.number.description
        desired = [:]
        for (column, value) in zip(DesiredNumber.columns, moved.desired.columnValues) where column != Self.markColumn {
            desired[column] = value
        }
        let doubts = Dictionary(
            moved.belief.doubts.map { ($0.effect, $0.since.description) }, uniquingKeysWith: { first, _ in first })
        maybeOff = moved.belief.maybeOff
        maybeForeign = moved.belief.maybeForeign
        offDoubtAt = doubts[.off]
        lastAccepted = moved.lastAccepted?.storedText
        appliedAt = moved.appliedAt?.description
        rotatedAt = moved.rotatedAt?.description
        rotatePinBefore = moved.rotateBefore?.description
        pause = moved.pause.map {
            Hold(since: $0.since.description, by: $0.by, reason: $0.reason, includesExposed: $0.includesExposed)
        }
        recentWrites = moved.recentWrites.map(\.description)
        moves = moved.moves
        pins = moved.generations.map { pin in
            Generation(
                generation: pin.generation, sealed: Data(seal(pin.pin, pin.generation)), origin: pin.origin.text,
                createdAt: pin.createdAt.description, liveFrom: pin.liveFrom?.description,
                liveUntil: pin.liveUntil?.description, maybeLive: moved.belief.contains(.on(pin.generation)),
                doubtAt: doubts[.on(pin.generation)])
        }
    }

    /// The number that the row stands for; nil when it holds what this program never writes.
    ///
    /// - Parameter open: opens the sealed PIN of a generation; nil when it cannot be opened.
    func moved(open: ([UInt8], PhoneNumber, Int) -> PIN?) -> MovedNumber? {
        guard let number = PhoneNumber(number), let desired = DesiredNumber(number, columns: desired), moves > 0,
            pins.count <= Self.mostGenerations, recentWrites.count <= WriteBudget.remembered
        else { return nil }
        var generations: [PINGeneration] = []
        var doubts: [Belief.Doubt] = []
        for row in pins {
            guard row.generation > (generations.last?.generation ?? 0), row.doubtAt == nil || row.maybeLive,
                let generation = row.opened(number, open)
            else { return nil }
            generations.append(generation)
            guard let doubt = Self.instant(row.doubtAt) else { return nil }
            if let doubt { doubts.append(Belief.Doubt(effect: .on(row.generation), since: doubt)) }
        }
        guard let offDoubt = Self.instant(offDoubtAt), offDoubt == nil || maybeOff,
            maybeOff || maybeForeign || pins.contains(where: \.maybeLive)
        else { return nil }
        if let offDoubt { doubts.append(Belief.Doubt(effect: .off, since: offDoubt)) }
        let belief = Belief(
            maybeOff: maybeOff, maybeForeign: maybeForeign,
            generations: pins.filter(\.maybeLive).map(\.generation), doubts: doubts)
        guard let applied = Self.instant(appliedAt), let rotated = Self.instant(rotatedAt),
            let before = Self.instant(rotatePinBefore), let accepted = Self.effect(lastAccepted),
            let pause = Self.pause(pause)
        else { return nil }
        let writes = recentWrites.compactMap { Instant($0) }
        guard writes.count == recentWrites.count else { return nil }
        return MovedNumber(
            desired: desired, belief: belief, generations: generations, lastAccepted: accepted, appliedAt: applied,
            rotatedAt: rotated, rotateBefore: before, pause: pause, recentWrites: writes, moves: moves)
    }

    /// The mark of a token's value is made with a salt of the store's own.
    private static let markColumn = "token_mark"

    // Nil outside for what is not valid, nil inside for what is not there.

    fileprivate static func instant(_ text: String?) -> Instant?? {
        guard let text else { return .some(nil) }
        return Instant(text).map { .some($0) }
    }

    private static func effect(_ text: String?) -> Effect?? {
        guard let text else { return .some(nil) }
        return Effect(storedText: text).map { .some($0) }
    }

    private static func pause(_ hold: Hold?) -> Pause?? {
        guard let hold else { return .some(nil) }
        return Instant(hold.since).map {
            .some(Pause(since: $0, by: hold.by, reason: hold.reason, includesExposed: hold.includesExposed))
        }
    }
}

extension MoveRow {
    /// The row with its PINs sealed as they are in a store.
    public init(_ moved: MovedNumber, sealedBy sealer: PINSealer) {
        self.init(moved) { sealer.seal($0, number: moved.number, generation: $1) }
    }
}

extension Store {
    /// The number of a row whose PINs are sealed under this store's key.
    public func open(_ row: MoveRow) throws(StorageError) -> MovedNumber {
        let moved = row.moved { sealed, number, generation in
            // Which way it fails makes no difference: the row is not taken.
            try? sealer.open(sealed, number: number, generation: generation, keyID: sealer.keyID)
        }
        guard let moved else {
            throw .moveRefused(problem: "the row of \(row.number.boundedLine(to: 32)) cannot be read")
        }
        return moved
    }
}

extension MoveRow.Generation {
    fileprivate func opened(
        _ number: PhoneNumber, _ open: ([UInt8], PhoneNumber, Int) -> PIN?
    ) -> PINGeneration? {
        guard let origin = PINGeneration.Origin(text: origin), let created = Instant(createdAt),
            let from = MoveRow.instant(liveFrom), let until = MoveRow.instant(liveUntil),
            let pin = open(Array(sealed), number, generation)
        else { return nil }
        return PINGeneration(
            generation: generation, pin: pin, origin: origin, createdAt: created, liveFrom: from, liveUntil: until)
    }
}

extension DesiredNumber {
    /// Reads the texts of ``columnValues`` by their columns; nil when one of them is not valid.
    fileprivate init?(_ number: PhoneNumber, columns: [String: String]) {
        guard Set(columns.keys).isSubset(of: Self.columns), let token = columns["token_name"],
            let endpoint = columns["endpoint"],
            let verification = columns["verification"].flatMap({ Verification(rawValue: $0) }),
            let rotateEvery = Self.period(columns["rotate_every"]),
            let reapplyEvery = Self.period(columns["reapply_every"]),
            let method = columns["rotation_method"].flatMap({ RotationMethod(rawValue: $0) }),
            let before = MoveRow.instant(columns["rotate_before"])
        else { return nil }
        // A window or a period that is there and cannot be read is not valid: which way it fails makes no difference.
        let window = columns["rotation_window"].map { try? RotationWindow(parsing: $0) }
        let reveal = columns["rotate_after_reveal"].map { Duration(periodText: $0) }
        if case .some(nil) = window { return nil }
        if case .some(nil) = reveal { return nil }
        self.init(
            number: number, label: columns["label"], tokenName: token, endpoint: Endpoint(text: endpoint),
            verification: verification, rotateEvery: rotateEvery, reapplyEvery: reapplyEvery, rotationMethod: method,
            rotationWindow: window ?? nil, rotateBefore: before, operatorPINName: columns["operator_pin"],
            rotateAfterReveal: reveal ?? nil)
    }

    private static func period(_ text: String?) -> Duration?? {
        guard let text else { return nil }
        if text == "never" { return .some(nil) }
        return Duration(periodText: text).map { .some($0) }
    }
}
