import Planning

/// Adoptions and orders: the store applies them to its rows, one at a time, and the engine writes nothing meanwhile. So
/// no record that was read before can overwrite the new rows.
///
/// Valid transitions are:
///
///     idle     -> adopting       a reading waits, and no number that leaves is being enabled first
///     idle     -> ordering       an order waits
///     adopting -> idle           adopted, held, or failed: a reading that failed waits again
///     ordering -> idle           durable, or failed
struct ExclusiveWork: Sendable {
    /// An operator's order, and its entry for the audit trail.
    struct PendingOrder: Sendable {
        let id: OrderID
        let order: Order
        let scope: OrderScope
        let entry: EventEntry
    }

    /// The work that is under way, or begins.
    enum Work: Sendable {
        case adoption(DesiredStateReading, at: Instant)
        case order(PendingOrder, at: Instant)
    }

    /// The maximum count of waiting orders.
    static let maxOrders = 1000

    private(set) var underWay: Work?
    private var reading: DesiredStateReading?
    /// Numbers that we have exposed and that the reading does not name: they are enabled before it is adopted, each
    /// until its own deadline.
    private var leaving: [PhoneNumber: SteadyInstant] = [:]
    private var orders: [PendingOrder] = []
    /// True when the last work was an order: then a waiting reading comes first.
    private var lastWasOrder = false

    var isIdle: Bool { underWay == nil }

    /// True while a reading waits, so that requests are sent for exposed numbers only.
    var isReadingWaiting: Bool { reading?.state != nil }

    /// True when nothing is under way and no order waits. A waiting reading does not count: a stop never adopts it.
    var isQuiet: Bool { underWay == nil && orders.isEmpty }

    /// The time at which a reading need no longer wait; nil when no reading waits for an instant.
    var deadline: SteadyInstant? { reading == nil ? nil : leaving.values.max() }

    // MARK: Readings

    /// Queues a reading for adoption; it replaces an earlier one. Numbers that it drops while we have them exposed are
    /// enabled first, each for at most `grace` from the first reading that drops it.
    mutating func read(
        _ newer: DesiredStateReading, exposed: some Collection<PhoneNumber>, grace: Duration, now: SteadyInstant
    ) {
        var newer = newer
        // The same file, read once more, is still the accepted one.
        if let state = newer.state, state.acceptedBy == nil, let accepted = acceptedBy(of: state.sha256) {
            newer.state?.acceptedBy = accepted
        }
        reading = Self.latest(reading, newer)
        guard let state = newer.state else { return }
        let dropped = Set(exposed).subtracting(state.numbers.map(\.number))
        let until = now.advanced(by: grace)
        leaving = Dictionary(uniqueKeysWithValues: dropped.map { ($0, min(leaving[$0] ?? until, until)) })
    }

    private func acceptedBy(of sha256: String) -> String? {
        if let waiting = reading?.state, waiting.sha256 == sha256 { return waiting.acceptedBy }
        if case .adoption(let reading, _) = underWay, let state = reading.state, state.sha256 == sha256 {
            return state.acceptedBy
        }
        return nil
    }

    /// Queues a reading that could not be adopted again, unless a newer one waits.
    mutating func adoptionFailed() {
        guard case .adoption(let failed, _) = underWay else { preconditionFailure("an adoption was under way") }
        reading = reading.map { Self.latest(failed, $0) } ?? failed
        underWay = nil
    }

    /// Returns the newer reading; or only its PINs, when its file is invalid and an earlier state waits.
    private static func latest(_ earlier: DesiredStateReading?, _ newer: DesiredStateReading) -> DesiredStateReading {
        guard newer.state == nil, let earlier, earlier.state != nil else { return newer }
        return DesiredStateReading(state: earlier.state, operatorPINs: newer.operatorPINs)
    }

    /// Ends the adoption, and returns the reading and the instant of its edits.
    mutating func finishAdoption() -> (DesiredStateReading, at: Instant) {
        guard case .adoption(let reading, let at) = underWay else { preconditionFailure("an adoption was under way") }
        underWay = nil
        lastWasOrder = false
        return (reading, at)
    }

    // MARK: Orders

    /// Queues an order.
    ///
    /// - Returns: the reason why it cannot be queued; nil when it is queued.
    mutating func enqueue(_ order: PendingOrder) -> String? {
        guard orders.count < Self.maxOrders else {
            return "\(Self.maxOrders) orders are already waiting: repeat this one later"
        }
        orders.append(order)
        return nil
    }

    /// Ends the order, and returns it and the instant of its edits.
    mutating func finishOrder() -> (PendingOrder, at: Instant) {
        guard case .order(let order, let at) = underWay else { preconditionFailure("an order was under way") }
        underWay = nil
        lastWasOrder = true
        return (order, at)
    }

    /// Drops the waiting orders, and returns them.
    mutating func dropOrders() -> [PendingOrder] {
        defer { orders = [] }
        return orders
    }

    // MARK: Turn

    /// Begins the next work, if any may begin.
    ///
    /// - Parameters:
    ///   - mayAdopt: false while stopping.
    ///   - isBeingEnabled: returns whether a number is exposed and being enabled.
    mutating func begin(mayAdopt: Bool, at now: Moment, isBeingEnabled: (PhoneNumber) -> Bool) -> Work? {
        guard underWay == nil else { return nil }
        let mayAdoptNow = mayAdopt && reading != nil && !isWaitingForLeaving(now: now.steady, isBeingEnabled)
        if !orders.isEmpty, !(lastWasOrder && mayAdoptNow) {
            underWay = .order(orders.removeFirst(), at: now.wall)
        } else if mayAdoptNow, let next = reading {
            reading = nil
            leaving = [:]
            underWay = .adoption(next, at: now.wall)
        }
        return underWay
    }

    private mutating func isWaitingForLeaving(now: SteadyInstant, _ isBeingEnabled: (PhoneNumber) -> Bool) -> Bool {
        leaving = leaving.filter { now < $0.value && isBeingEnabled($0.key) }
        return !leaving.isEmpty
    }
}
