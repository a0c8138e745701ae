import Planning

/// The places of the exposure budget that numbers hold: of the fleet, and at each account.
struct HeldPlaces: Sendable {
    /// A place that one number holds.
    struct Place: Hashable, Sendable {
        let kind: ExposureBudget.Kind
        /// The account of the number's enable; nil while it is unknown, so that it may be any.
        let account: Account?
    }

    /// The places of the whole fleet.
    private(set) var all = ExposureBudget.Places()
    private var byAccount: [Account: ExposureBudget.Places] = [:]
    private var anywhere = ExposureBudget.Places()

    /// Returns the places of numbers whose enables may go to `account`.
    func at(_ account: Account) -> ExposureBudget.Places {
        var places = byAccount[account] ?? ExposureBudget.Places()
        for kind in ExposureBudget.Kind.allCases { places[kind] += anywhere[kind] }
        return places
    }

    mutating func add(_ place: Place) { change(place, by: 1) }
    mutating func remove(_ place: Place) { change(place, by: -1) }

    private mutating func change(_ place: Place, by count: Int) {
        all[place.kind] += count
        guard let account = place.account else {
            anywhere[place.kind] += count
            return
        }
        byAccount[account, default: ExposureBudget.Places()][place.kind] += count
        if byAccount[account]?.count == 0 { byAccount[account] = nil }
    }
}
