import Testing

@testable import Planning

struct DesiredStateGuardTests {
    private static let guarded = DesiredStateGuard(maximumPercent: 20)

    private static func entries(_ enabled: ClosedRange<Int>, disabled: Set<Int> = []) -> [DesiredNumber] {
        enabled.map { index in
            DesiredNumber(
                number: Fixture.phone("+1555010\(1000 + index)"), tokenName: "t\(index)",
                verification: disabled.contains(index) ? .disabled : .enabled)
        }
    }

    /// Returns the difference to a state that disables and drops this many of the managed numbers.
    private static func difference(_ managed: Int, _ disabled: Int, _ dropped: Int) -> DesiredStateDifference {
        guard managed > 0 else { return DesiredStateDifference() }
        let inForce = entries(1...managed)
        let kept = dropped < managed ? entries(1...(managed - dropped), disabled: Set(0...disabled)) : []
        return DesiredStateDifference(from: inForce, to: kept)
    }

    @Test(arguments: [
        (10, 2, 0, false), (10, 3, 0, true), (10, 0, 2, false), (10, 0, 3, true), (10, 1, 2, true), (10, 1, 1, false),
        (5, 1, 0, false), (5, 2, 0, true), (4, 4, 0, false), (0, 0, 0, false), (1000, 200, 0, false),
        (1000, 200, 1, true),
    ])
    func `More than the share is held, from five numbers on`(_ row: (Int, Int, Int, Bool)) {
        let reason = Self.guarded.reason(toHold: Self.difference(row.0, row.1, row.2), isNewStore: false)
        #expect((reason != nil) == row.3)
    }

    @Test func `No maximum holds nothing, and none at all holds everything`() {
        #expect(DesiredStateGuard.none.reason(toHold: Self.difference(100, 100, 0), isNewStore: false) == nil)
        #expect(
            DesiredStateGuard(maximumPercent: 100).reason(toHold: Self.difference(100, 0, 100), isNewStore: false)
                == nil)
        #expect(
            DesiredStateGuard(maximumPercent: 0).reason(toHold: Self.difference(100, 1, 0), isNewStore: false) != nil)
        #expect(
            DesiredStateGuard(maximumPercent: 0).reason(toHold: Self.difference(100, 0, 0), isNewStore: false) == nil)
    }

    @Test func `Only numbers that lose their protection count: neither new ones nor those that were off already`() {
        let inForce = Self.entries(1...10, disabled: [1, 2])
        #expect(
            Self.guarded.reason(
                toHold: DesiredStateDifference(from: inForce, to: Self.entries(1...20, disabled: [1, 2, 11, 12, 13])),
                isNewStore: false)
                == nil)
        #expect(
            Self.guarded.reason(
                toHold: DesiredStateDifference(from: inForce, to: Self.entries(1...10, disabled: [1, 2, 3, 4])),
                isNewStore: false) == nil)
        let reason = Self.guarded.reason(
            toHold: DesiredStateDifference(from: inForce, to: Self.entries(2...9, disabled: [2, 3])), isNewStore: false)
        #expect(reason == .weakening(Weakening(managed: 10, disabled: 1, dropped: 2, maximumPercent: 20)))
    }

    @Test(arguments: [(4, true, nil), (5, true, 5), (100, true, 100), (100, false, nil)] as [(Int, Bool, Int?)])
    func `A new store takes over five numbers and more only when that is accepted`(_ row: (Int, Bool, Int?)) {
        let first = DesiredStateDifference(from: [], to: Self.entries(1...row.0))
        let reason = DesiredStateGuard(maximumPercent: nil).reason(toHold: first, isNewStore: row.1)
        #expect(reason == row.2.map(HeldReason.newStore))
        #expect(DesiredStateGuard.none.reason(toHold: first, isNewStore: row.1) == nil)
        #expect(reason?.description.contains("this store is new") ?? true)
    }

    @Test func `The reason names counts, share and limit`() {
        let text = Weakening(managed: 10, disabled: 1, dropped: 2, maximumPercent: 20).description
        #expect(
            text == "it would disable 1 and drop 2 of 10 managed numbers (30 %), more than max_weakened_percent (20 %)")
        #expect(!Weakening(managed: 9, disabled: 0, dropped: 2, maximumPercent: 20).description.contains("disable"))
    }
}
