import Exploration
import Testing

/// The smaller walks: a debug build takes an hour for all of them. `scripts/mutate.sh --gate` runs all of them in
/// release, as a stage of the gate.
@Suite("The exploration of every state of one number")
struct ExplorationTests {
    @Test(arguments: Exploration.short)
    func `it is sound and heals, and finds what is known to be unsound`(_ exploration: Exploration) throws {
        let complaints = try exploration.run { print($0) }
        #expect(complaints == [])
    }
}
