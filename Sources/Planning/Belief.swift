/// The set of states that the vendor may be in for one number right now.
///
/// The vendor cannot be asked, so the store never says what *is*, only what *may be*: `off`, `on(g)` for one of our PIN
/// generations, or `foreign`, a PIN that we do not hold. A belief is widened before each request and narrowed only on
/// proof, so the vendor's true state is always an element of it.
public struct Belief: Hashable, Sendable {
    /// A request that may still be carried out, because its answer was never seen.
    public struct Doubt: Hashable, Sendable {
        /// What the request does if it lands.
        public let effect: Effect
        /// When the request became doubtful; it cannot land later than the settle delay after this.
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
    /// Requests that may still land, one an effect, ordered by effect; each effect is an element of the belief.
    public private(set) var doubts: [Doubt]

    /// A belief from its stored parts. Every doubt's effect must be an element.
    public init(maybeOff: Bool, maybeForeign: Bool, generations: [Int], doubts: [Doubt] = []) {
        self.maybeOff = maybeOff
        self.maybeForeign = maybeForeign
        self.generations = Array(Set(generations)).sorted()
        self.doubts = doubts.sorted { $0.effect < $1.effect }
        precondition(doubts.allSatisfy { contains($0.effect) }, "a doubt's effect is an element of the belief")
        precondition(count > 0, "a belief is never empty")
    }

    /// A number that was never seen before: disabled, or enabled with somebody else's PIN.
    public static let unknown = Belief(maybeOff: true, maybeForeign: true, generations: [])

    /// How many states are possible.
    public var count: Int { (maybeOff ? 1 : 0) + (maybeForeign ? 1 : 0) + generations.count }

    /// Whether exactly one state is possible.
    public var isCertain: Bool { count == 1 }

    /// Whether `effect`'s state is possible.
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

    /// The elements as the JSON shapes write them: `off`, `foreign`, then `on(g)` ascending.
    public var elements: [String] {
        (maybeOff ? ["off"] : []) + (maybeForeign ? ["foreign"] : []) + generations.map { "on(\($0))" }
    }
}
