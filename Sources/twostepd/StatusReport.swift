import Daemon
import Glibc
import Planning
import Storage
import Synchronization

/// A status as text or JSON, of all numbers or of those requested.
struct StatusReport {
    let fleet: FleetReader
    let selection: NumberSelection
    var isAbsolute = false
    /// The running daemon whose store is not at the configured path.
    var astray: DaemonView?
    /// Servers of the running daemon that do not run.
    var troubles: [DaemonView.Trouble] = []

    /// Returns the text, line by line.
    func lines(width: Int, colours: Bool) throws -> [String] {
        let reader = try fleet.open()
        var snapshot = try StatusSnapshot.read(fleet, reader, astray: astray, troubles: troubles)
        if let name = selection.oneName, let reader {
            return try lines(of: name, snapshot, reader, width: width, colours: colours)
        }
        let text = StatusText(snapshot: snapshot, isAbsolute: isAbsolute)
        let rows = try snapshot.survey(fleet, reader: reader, selection: selection) { text.row($0) }
        return StatusText(snapshot: snapshot, isAbsolute: isAbsolute).lines(rows, width: width, colours: colours)
    }

    private func lines(
        of name: String, _ snapshot: StatusSnapshot, _ reader: StoreReader, width: Int, colours: Bool
    ) throws -> [String] {
        let standing = try fleet.standing(named: name, reader, guards: snapshot.guards)
        try selection.requireAll(standing == nil ? [] : [name], in: fleet.location)
        guard let standing else { return [] }
        return try NumberText(
            standing, snapshot: snapshot, policy: fleet.policy, reader: reader, isAbsolute: isAbsolute
        ).lines(width: width, colours: colours)
    }

    /// Prints the JSON document.
    func printJSON() throws {
        let reader = try fleet.open()
        var snapshot = try StatusSnapshot.read(fleet, reader, astray: astray)
        let stream = StatusStream(isPretty: true)
        let numbers = try snapshot.survey(fleet, reader: reader, selection: selection) { stream.piece($0.document) }
        try stream.write(snapshot.document, numbers) { Console.print($0, terminator: "") }
        Console.print("")
    }
}

/// The content of a status at one instant, except the numbers that it shows.
struct StatusSnapshot: Sendable {
    let now: Instant
    /// The store's path, even when there is no store.
    let location: StoreLocation
    let holder: LockHolder?
    /// Nil while there is no store.
    let inForce: DesiredStateStatus?
    let guards: GuardsInForce
    /// The requests in flight; none when no process works on the store.
    let flights: [PhoneNumber: ChangeEntry]
    /// The folder that the store of the running daemon has disappeared from; nil when it is there.
    var missing: String?
    /// Servers of the running daemon that do not run.
    var troubles: [DaemonView.Trouble] = []
    /// The figures of the numbers surveyed so far.
    var tally = StatusTally()

    /// Reads the values that concern the whole store; no number is surveyed yet.
    static func read(
        _ fleet: FleetReader, _ reader: StoreReader?, astray: DaemonView? = nil, troubles: [DaemonView.Trouble] = []
    ) throws -> StatusSnapshot {
        let holder =
            try StoreLock.holder(at: fleet.location)
            ?? astray.map { LockHolder(pid: $0.pid, since: Instant($0.since), command: "run") }
        let open = holder == nil ? [] : try reader?.unansweredChanges() ?? []
        return StatusSnapshot(
            now: fleet.now, location: fleet.location, holder: holder, inForce: try reader?.desiredStateStatus(),
            guards: try reader.map { try fleet.guards($0) } ?? GuardsInForce(),
            flights: Dictionary(open.map { ($0.number, $0) }, uniquingKeysWith: { $1 }),
            missing: astray.map(\.stateDirectory), troubles: holder == nil ? [] : troubles)
    }

    /// Surveys the fleet, and returns the values that `render` makes of each selected number, most urgent first.
    ///
    /// Throws ``CommandFailure`` for a name that matches no number.
    mutating func survey<Value: Sendable>(
        _ fleet: FleetReader, reader: StoreReader?, selection: NumberSelection,
        _ render: @escaping @Sendable (NumberStatus) -> Value
    ) throws -> [Value] {
        let counted = Mutex(StatusTally())
        let values = try reader.map { reader in
            try fleet.survey(reader, guards: guards) { standing in
                let isMeant = selection.means(standing)
                let names = selection.names.filter { NumberSelection.isMeant(standing, by: $0) }
                counted.withLock { $0.add(standing, isShown: isMeant, names: names) }
                return isMeant ? render(standing) : nil
            }
        }
        tally = counted.withLock { $0 }
        try selection.requireAll(tally.names, in: fleet.location)
        return values ?? []
    }

    /// The document, without numbers so far.
    var document: StatusDocument { StatusDocument(at: now, holder: holder, inForce: inForce, standings: []) }

    /// Returns the explanation of a number's condition and next action.
    func why(_ standing: NumberStatus, time: RelativeTime) -> WhyText {
        WhyText(
            standing: standing, time: time, isWorkedOn: holder != nil, flight: flights[standing.record.number])
    }
}

/// The numbers of a status in figures.
struct StatusTally: Sendable {
    private(set) var all = 0
    /// The numbers shown, by condition.
    private(set) var shown: [NumberCondition: Int] = [:]
    private(set) var awaited = AwaitedGuards()
    /// The requested names that match a number.
    private(set) var names: Set<String> = []

    mutating func add(_ standing: NumberStatus, isShown: Bool, names: [String]) {
        all += 1
        if isShown { shown[standing.condition, default: 0] += 1 }
        awaited.add(standing.reason, account: standing.record.desired.map(Account.init(of:)))
        self.names.formUnion(names)
    }
}

/// A selection of numbers: by name, and by condition.
struct NumberSelection: Sendable {
    /// Numbers, labels, or patterns of either; empty for all.
    var names: [String] = []
    /// The conditions; empty for all.
    var conditions: Set<NumberCondition> = []
    /// A pattern of labels; nil for all.
    var label: String?

    /// The one number that is requested by name, if there is no other criterion: then all its details are shown.
    var oneName: String? {
        guard names.count == 1, conditions.isEmpty, label == nil, !names.contains(where: Glob.isPattern) else {
            return nil
        }
        return names.first
    }

    /// Returns true when `standing` is selected.
    func means(_ standing: NumberStatus) -> Bool {
        (names.isEmpty || names.contains { Self.isMeant(standing, by: $0) })
            && (conditions.isEmpty || conditions.contains(standing.condition))
            && label.map { Glob.matches($0, standing.record.desired?.label ?? "") } ?? true
    }

    /// Throws ``CommandFailure`` when a name matched no number.
    func requireAll(_ found: Set<String>, in location: StoreLocation) throws {
        guard let unknown = names.first(where: { !found.contains($0) }) else { return }
        let what = Glob.isPattern(unknown) ? "no number or label matches \(unknown)" : "\(unknown) is not"
        throw CommandFailure.failed("\(what) in the store \(location.database): see `twostepd status`")
    }

    static func isMeant(_ standing: NumberStatus, by name: String) -> Bool {
        guard Glob.isPattern(name) else { return standing.isMeant(by: name) }
        return Glob.matches(name, standing.record.number.description)
            || standing.record.desired?.label.map { Glob.matches(name, $0) } ?? false
    }
}

/// Patterns of shells: `*`, `?` and `[a-c]`.
enum Glob {
    static func isPattern(_ text: String) -> Bool { text.contains { "*?[".contains($0) } }

    static func matches(_ pattern: String, _ text: String) -> Bool { fnmatch(pattern, text, 0) == 0 }
}
