/// The set of states that the vendor may be in for one number right now.
///
/// The vendor cannot be asked, so the store never records what *is*, only what *may be*: `off`, `on(g)` for one of our
/// PIN generations, or `foreign`, a PIN that we do not hold. A belief is widened before each request and narrowed only
/// on evidence, so the vendor's true state is always an element of it.
public struct Belief: Hashable, Sendable {
    /// A request that may still take effect, because its answer was never seen.
    public struct Doubt: Hashable, Sendable {
        /// The effect of the request if it is carried out.
        public let effect: Effect
        /// The time at which the request became doubtful; it cannot take effect later than the settle delay after this.
        public let since: Instant

        public init(effect: Effect, since: Instant) {
            self.effect = effect
            self.since = since
        }
    }

    /// Verification may be disabled.
    public private(set) var maybeOff: Bool
    /// Verification may be enabled with a PIN that we do not hold.
    public private(set) var maybeForeign: Bool
    /// Our PIN generations that may be live, ascending.
    public private(set) var generations: [Int]
    /// Requests that may still take effect, one for each effect, ordered by effect. Each effect is an element of the
    /// belief.
    public private(set) var doubts: [Doubt]

    /// Creates a belief from its stored parts. The effect of every doubt must be an element.
    public init(maybeOff: Bool, maybeForeign: Bool, generations: [Int], doubts: [Doubt] = []) {
        self.maybeOff = maybeOff
        self.maybeForeign = maybeForeign
        self.generations = Array(Set(generations)).sorted()
        self.doubts = doubts.sorted { $0.effect < $1.effect }
        precondition(doubts.allSatisfy { contains($0.effect) }, "a doubt's effect is an element of the belief")
        precondition(count > 0, "a belief is never empty")
    }

    /// The belief about a number never seen before: disabled, or enabled with a PIN that we do not hold.
    public static let unknown = Belief(maybeOff: true, maybeForeign: true, generations: [])

    /// The number of possible states.
    public var count: Int { (maybeOff ? 1 : 0) + (maybeForeign ? 1 : 0) + generations.count }

    /// True when exactly one state is possible.
    public var isCertain: Bool { count == 1 }

    /// Returns whether the state of `effect` is possible.
    public func contains(_ effect: Effect) -> Bool {
        switch effect {
        case .off: maybeOff
        case .on(let generation): generations.contains(generation)
        }
    }

    /// The state as an effect when the belief is certain and not foreign.
    public var certainEffect: Effect? {
        guard isCertain, !maybeForeign else { return nil }
        return generations.first.map(Effect.on) ?? .off
    }

    /// The elements as in the JSON output: `off`, `foreign`, then `on(g)` ascending.
    public var elements: [String] {
        (maybeOff ? ["off"] : []) + (maybeForeign ? ["foreign"] : []) + generations.map { "on(\($0))" }
    }
}
