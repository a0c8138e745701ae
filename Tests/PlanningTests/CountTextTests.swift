import Planning
import Testing

@Test func `A count has the singular for one alone`() {
    #expect([0, 1, 2].map { $0.counted("number") } == ["0 numbers", "1 number", "2 numbers"])
    #expect(
        [0, 1, 2].map { $0.counted("number has", "numbers have") } == [
            "0 numbers have", "1 number has", "2 numbers have",
        ])
}
