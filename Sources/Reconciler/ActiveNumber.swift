import Planning

/// A number that the engine is working on, from its loading until it rests in the store again.
///
/// Valid transitions are:
///
///     planned    -> waiting | resting | observing | unsaved the planner has decided
///     waiting    -> committing | planned | unsaved          its turn has come, or it is replanned or saved before that
///     committing -> inFlight | unsaved | reloading          the widening is durable, failed, or was of an older row
///     inFlight   -> planned                                 answered and narrowed
///     unsaved    -> saving                                  the store can be written
///     saving     -> planned | unsaved | reloading           durable, failed, or of an older row
///     resting    -> planned                                 its wait is over, or it was edited
///     observing  -> planned                                 the observer answered, or its answer is no longer needed
///     reloading  -> planned                                 the row was read again
struct ActiveNumber: Sendable {
    enum Stage: Sendable {
        /// To be planned, as the next step of the same event.
        case planned
        /// Waits in the queue under this key for its turn to send a request.
        case waiting(WaitingKey)
        /// The widening is being committed.
        case committing(CommitID, Flight)
        /// The request is with the vendor.
        case inFlight(Flight)
        /// The record has to be committed as soon as the store can be written.
        case unsaved
        /// The record is being committed.
        case saving(CommitID)
        /// An exposed number that waits; it is kept in memory.
        case resting(until: SteadyInstant)
        /// The observer is asked; the number stops waiting for it at `until`, when something else falls due.
        case observing(id: Int64, until: SteadyInstant?)
        /// Another writer has changed the row; it is read again.
        case reloading
    }

    /// The end of a request that the history does not have yet.
    struct Evidence: Sendable {
        let effect: Effect
        let closing: StoreMutation
    }

    private var sharedRecord: Shared<NumberRecord>
    private var sharedSaved: Shared<NumberRecord>
    private(set) var stage = Stage.planned
    /// Ends of requests that the next commit writes into the history.
    private(set) var evidence: [Evidence] = []

    /// Creates a number just loaded, to be planned at once.
    ///
    /// - Parameter interruptedIn: effects of requests whose end could not be recorded.
    init(_ loaded: NumberRecord, interruptedIn effects: [Effect] = [], now: Instant, settleDelay: Duration) {
        sharedSaved = Shared(loaded)
        let record = effects.reduce(loaded) { $0.interrupted(in: $1, at: now) }
        sharedRecord = Shared(record.countingUnreadable(at: now, settleDelay: settleDelay))
    }

    /// The record after the latest evidence. Its version is that of the row.
    var record: NumberRecord {
        _read { yield sharedRecord.value }
        _modify { yield &sharedRecord.value }
    }

    /// The durable record.
    var saved: NumberRecord { _read { yield sharedSaved.value } }

    /// True when the record has to be committed, and is not being committed yet.
    var needsSave: Bool {
        switch stage {
        case .unsaved: true
        case .waiting: !evidence.isEmpty || record.observations != saved.observations
        case .planned, .committing, .inFlight, .saving, .resting, .observing, .reloading: false
        }
    }

    /// True when the record and all evidence are durable.
    var isSaved: Bool { evidence.isEmpty && record == saved }

    /// The end of its rest in memory; nil when it does not rest there.
    var restsUntil: SteadyInstant? {
        switch stage {
        case .resting(let until): until
        case .observing(_, let until): until
        case .planned, .waiting, .committing, .inFlight, .unsaved, .saving, .reloading: nil
        }
    }

    /// Returns the place of the exposure budget that the number holds because we have exposed it, or the store has it
    /// as exposed. The place becomes free only when the end of the exposure is durable, because after a crash the
    /// number would still be in its cycle.
    ///
    /// A number that waits to be disabled again is enabled, and holds no place until its turn comes.
    func place(fleetPause: Pause?) -> HeldPlaces.Place? {
        if case .waiting(let key) = stage, key.line.startsCycle { return nil }
        guard let kind = record.place(fleetPause: fleetPause) ?? saved.place(fleetPause: fleetPause) else { return nil }
        return HeldPlaces.Place(kind: kind, account: (record.desired ?? saved.desired).map(Account.init(of:)))
    }

    mutating func wait(under key: WaitingKey) {
        guard case .planned = stage else { preconditionFailure("only a number that was planned waits for its turn") }
        stage = .waiting(key)
    }

    mutating func rest(until instant: SteadyInstant) {
        guard case .planned = stage else { preconditionFailure("only a number that was planned rests") }
        stage = .resting(until: instant)
    }

    /// Returns the number to planning; its key has been removed from the queue.
    mutating func replan() {
        switch stage {
        case .waiting, .resting, .observing: stage = .planned
        case .planned, .committing, .inFlight, .unsaved, .saving, .reloading:
            preconditionFailure("only a number that waits or rests is planned again")
        }
    }

    /// Makes a save due before anything else.
    mutating func postpone() {
        switch stage {
        case .planned, .waiting: stage = .unsaved
        case .committing, .inFlight, .unsaved, .saving, .resting, .observing, .reloading:
            preconditionFailure("only a number that nothing is under way for is saved")
        }
    }

    // MARK: An observation

    mutating func ask(_ id: Int64, until: SteadyInstant?) {
        guard case .planned = stage else { preconditionFailure("only a number that was planned is observed") }
        stage = .observing(id: id, until: until)
    }

    /// Returns whether the number waits for the question with this ID.
    func isObserved(by id: Int64) -> Bool {
        if case .observing(id, _) = stage { true } else { false }
    }

    /// Records the belief after the observer's answer.
    mutating func observe(_ after: NumberRecord) {
        guard case .observing = stage else { preconditionFailure("the number is being observed") }
        record = after
        stage = .planned
    }

    /// The event of a contradiction that is not durable yet.
    private var driftEvents: [StoreMutation] { EventEntry.drift(of: record, since: saved).map { [.event($0)] } ?? [] }

    // MARK: A request

    /// Returns the mutations that make a departure durable, and enters the next stage.
    mutating func depart(_ departure: Departure, as change: ChangeEntry, in commit: CommitID) -> [StoreMutation] {
        guard case .planned = stage else { preconditionFailure("only a number that was planned departs") }
        record = departure.record
        let touched = record.generationsTouched(since: saved).filter { $0 != departure.newGeneration?.generation }
        stage = .committing(commit, departure.flight)
        return evidence.map(\.closing) + driftEvents + [
            .save(record, newGeneration: departure.newGeneration, touched: touched), .openChange(change),
        ]
    }

    /// Records that the widening is durable.
    mutating func confirmDeparture() -> Flight {
        guard case .committing(_, let flight) = stage else { preconditionFailure("a departure was being committed") }
        confirm()
        stage = .inFlight(flight)
        return flight
    }

    /// Reverts a widening that was not committed: the record is the one before it, without the PIN created for the
    /// request.
    mutating func revertDeparture() -> Flight {
        guard case .committing(_, let flight) = stage else { preconditionFailure("a departure was being committed") }
        let known = saved.generations.map(\.generation)
        record = flight.before
        record.generations.removeAll { !known.contains($0.generation) }
        stage = .unsaved
        return flight
    }

    /// Records the end of the request and the belief after it.
    mutating func arrive(_ after: NumberRecord, closing change: StoreMutation) {
        guard case .inFlight(let flight) = stage else {
            preconditionFailure("an answer belongs to a request in flight")
        }
        let version = record.version
        record = after
        record.version = version
        evidence.append(Evidence(effect: flight.effect, closing: change))
        stage = .planned
    }

    // MARK: Saving

    /// Returns the mutations that make the record durable, and enters the next stage.
    mutating func save(in commit: CommitID) -> [StoreMutation] {
        guard case .unsaved = stage else { preconditionFailure("only what is not durable is saved") }
        stage = .saving(commit)
        var onlyDue = saved
        onlyDue.dueAt = record.dueAt
        if evidence.isEmpty, onlyDue == record { return [.reschedule(record)] }
        let touched = record.generationsTouched(since: saved)
        return evidence.map(\.closing) + driftEvents + [.save(record, newGeneration: nil, touched: touched)]
    }

    mutating func confirmSave() {
        guard case .saving = stage else { preconditionFailure("a save was being committed") }
        confirm()
        stage = .planned
    }

    mutating func revertSave() {
        guard case .saving = stage else { preconditionFailure("a save was being committed") }
        stage = .unsaved
    }

    /// Marks the number for reloading, because another writer has changed its row since it was loaded.
    mutating func reload() {
        switch stage {
        case .saving, .unsaved: stage = .reloading
        case .planned, .waiting, .committing, .inFlight, .resting, .observing, .reloading:
            preconditionFailure("only a number whose save did not fit is read again")
        }
    }

    /// Replaces the record with the row that was read again. Evidence that was not durable yet cannot be applied to a
    /// row that another writer has changed, so its requests count as interrupted.
    mutating func finishReload(_ loaded: NumberRecord, now: Instant, settleDelay: Duration) {
        guard case .reloading = stage else { preconditionFailure("the number is being read again") }
        let known = evidence
        self = ActiveNumber(
            loaded, interruptedIn: known.map(\.effect), now: now, settleDelay: settleDelay)
        evidence = known
    }

    /// Records that the requested commit is durable: the row has the next version.
    private mutating func confirm() {
        record.version += 1
        sharedSaved = sharedRecord
        evidence = []
    }

    // MARK: Edits

    /// Applies `edit`, which the store has applied to the row; no commit of this number is under way.
    mutating func follow(_ edit: Edit) {
        let edited = edit.apply(to: saved)
        if edited != saved {
            sharedSaved = Shared(edited)
            sharedSaved.value.version += 1
        }
        record = edit.apply(to: record)
        record.version = saved.version
        if case .inFlight(let flight) = stage { stage = .inFlight(edit.apply(to: flight)) }
    }
}

/// A change of records that the store commits by itself, and that numbers at work then apply as well.
enum Edit: Sendable {
    case adoption(DesiredNumber?, at: Instant)
    case order(Order, toFleet: Bool, at: Instant)

    func apply(to record: NumberRecord) -> NumberRecord {
        switch self {
        case .adoption(let desired, let now): record.adopting(desired, at: now)
        case .order(let order, let toFleet, let now): record.obeying(order, toFleet: toFleet, at: now)
        }
    }

    func apply(to flight: Flight) -> Flight {
        switch self {
        case .adoption(let desired, let now): flight.adopting(desired, at: now)
        case .order(let order, let toFleet, let now): flight.obeying(order, toFleet: toFleet, at: now)
        }
    }
}
