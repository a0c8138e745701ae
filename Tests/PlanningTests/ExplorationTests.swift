import Exploration
import Testing

@Suite("The exploration of every state of one number")
struct ExplorationTests {
    @Test("it is sound and heals, and finds what is known to be unsound", arguments: Exploration.all)
    func holds(_ exploration: Exploration) throws {
        let complaints = try exploration.run { print($0) }
        #expect(complaints == [])
    }
}
