import Testing

@testable import Planning

struct WeakeningGuardTests {
    private static let guarded = WeakeningGuard(maximumPercent: 20)

    private static func entries(_ enabled: ClosedRange<Int>, disabled: Set<Int> = []) -> [DesiredNumber] {
        enabled.map { index in
            DesiredNumber(
                number: Fixture.phone("+1555010\(1000 + index)"), tokenName: "t\(index)",
                verification: disabled.contains(index) ? .disabled : .enabled)
        }
    }

    /// The difference to a state that disables and drops so many of the managed numbers.
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
        let weakening = Self.guarded.weakening(by: Self.difference(row.0, row.1, row.2))
        #expect((weakening != nil) == row.3)
    }

    @Test func `No maximum holds nothing, and none at all holds everything`() {
        #expect(WeakeningGuard(maximumPercent: nil).weakening(by: Self.difference(100, 100, 0)) == nil)
        #expect(WeakeningGuard(maximumPercent: 100).weakening(by: Self.difference(100, 0, 100)) == nil)
        #expect(WeakeningGuard(maximumPercent: 0).weakening(by: Self.difference(100, 1, 0)) != nil)
        #expect(WeakeningGuard(maximumPercent: 0).weakening(by: Self.difference(100, 0, 0)) == nil)
    }

    @Test func `Only numbers that lose their protection count: neither new ones nor those that were off already`() {
        let inForce = Self.entries(1...10, disabled: [1, 2])
        #expect(
            Self.guarded.weakening(
                by: DesiredStateDifference(from: inForce, to: Self.entries(1...20, disabled: [1, 2, 11, 12, 13])))
                == nil)
        #expect(
            Self.guarded.weakening(
                by: DesiredStateDifference(from: inForce, to: Self.entries(1...10, disabled: [1, 2, 3, 4]))) == nil)
        let weakening = Self.guarded.weakening(
            by: DesiredStateDifference(from: inForce, to: Self.entries(2...9, disabled: [2, 3])))
        #expect(weakening == Weakening(managed: 10, disabled: 1, dropped: 2, maximumPercent: 20))
    }

    @Test func `The reason names counts, share and limit`() {
        let text = Weakening(managed: 10, disabled: 1, dropped: 2, maximumPercent: 20).description
        #expect(
            text == "it would disable 1 and drop 2 of 10 managed numbers (30 %), more than max_weakened_percent (20 %)")
        #expect(!Weakening(managed: 9, disabled: 0, dropped: 2, maximumPercent: 20).description.contains("disable"))
    }
}
