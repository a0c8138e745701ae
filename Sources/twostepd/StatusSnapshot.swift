import Daemon
import Planning
import Storage

/// What `status` knows at one instant, all of it or the numbers that were asked for.
struct StatusSnapshot {
    let now: Instant
    let holder: LockHolder?
    /// Nil while there is no store.
    let inForce: DesiredStateStatus?
    let guards: GuardsInForce
    /// Every number, most urgent first.
    let all: [Standing]
    /// Those to show.
    var shown: [Standing]
    /// The requests that are on their way; none when no process works on the store.
    let flights: [PhoneNumber: ChangeEntry]

    /// Reads the store; `selection` says which numbers are shown.
    init(_ fleet: FleetReader, reader: StoreReader?, selection: NumberSelection = NumberSelection()) throws {
        now = fleet.now
        do {
            holder = try StoreLock.holder(at: fleet.location)
            inForce = try reader?.desiredStateStatus()
            let open = holder == nil ? [] : try reader?.unansweredChanges() ?? []
            flights = Dictionary(open.map { ($0.number, $0) }, uniquingKeysWith: { $1 })
        } catch {
            throw Failure(error)
        }
        let guards = try reader.map { try fleet.guards($0) } ?? GuardsInForce()
        self.guards = guards
        all = try reader.map { try fleet.standings($0, guards: guards) } ?? []
        shown = try selection.apply(to: all, in: fleet.location)
    }

    init(
        now: Instant, holder: LockHolder?, inForce: DesiredStateStatus?, guards: GuardsInForce = GuardsInForce(),
        all: [Standing], flights: [PhoneNumber: ChangeEntry] = [:]
    ) {
        self.now = now
        self.holder = holder
        self.inForce = inForce
        self.guards = guards
        self.all = all
        self.flights = flights
        shown = all
    }

    var document: StatusDocument {
        StatusDocument(at: now, holder: holder, inForce: inForce, standings: shown)
    }

    /// Why a number stands as it does, and what comes next.
    func why(_ standing: Standing, time: RelativeTime) -> WhyText {
        WhyText(
            standing: standing, time: time, isWorkedOn: holder != nil, flight: flights[standing.record.number])
    }
}

/// Which numbers are meant: by name, and by how they stand.
struct NumberSelection {
    /// Numbers, labels, or patterns of either; empty for all.
    var names: [String] = []
    /// Empty for all.
    var conditions: Set<NumberCondition> = []
    /// A pattern of labels; nil for all.
    var label: String?

    /// Whether exactly one number is asked for, by its name: then everything about it is shown.
    var isOneName: Bool {
        names.count == 1 && conditions.isEmpty && label == nil && !names.contains { Glob.isPattern($0) }
    }

    /// Those of `standings` that are meant. Throws ``Failure`` for a name that means none.
    func apply(to standings: [Standing], in location: StoreLocation) throws -> [Standing] {
        if let unknown = names.first(where: { name in !standings.contains { Self.isMeant($0, by: name) } }) {
            let what = Glob.isPattern(unknown) ? "no number or label matches \(unknown)" : "\(unknown) is not"
            throw Failure.failed("\(what) in the store \(location.database): see `twostepd status`")
        }
        return standings.filter { standing in
            (names.isEmpty || names.contains { Self.isMeant(standing, by: $0) })
                && (conditions.isEmpty || conditions.contains(standing.condition))
                && label.map { Glob.matches($0, standing.record.desired?.label ?? "") } ?? true
        }
    }

    private static func isMeant(_ standing: Standing, by name: String) -> Bool {
        guard Glob.isPattern(name) else { return standing.isMeant(by: name) }
        return Glob.matches(name, standing.record.number.description)
            || standing.record.desired?.label.map { Glob.matches(name, $0) } ?? false
    }
}
