import Testing

@testable import SimulatedVendor

@Suite("Which fault comes next")
struct FaultSourceTests {
    private func draws(_ source: FaultSource, _ count: Int) -> [Fault?] {
        var source = source
        return (0..<count).map { _ in source.next(name: "t") }
    }

    @Test func `the same seed gives the same faults, and another seed others`() {
        func source(_ seed: UInt64) -> FaultSource {
            var source = FaultSource(seed: seed)
            source.setProbabilities(Fault.every(0.05))
            return source
        }
        #expect(draws(source(1), 500) == draws(source(1), 500))
        #expect(draws(source(1), 500) != draws(source(2), 500))
    }

    @Test func `each fault comes about as often as its probability says`() {
        var source = FaultSource(seed: 42)
        source.setProbabilities(Fault.every(0.05))
        let counts = Dictionary(grouping: draws(source, 20_000).compactMap { $0 }, by: { $0 }).mapValues(\.count)
        for fault in Fault.allCases { #expect((800...1200).contains(counts[fault] ?? 0), "\(fault)") }
    }

    @Test func `a probability of 1 always comes, and none never`() {
        var source = FaultSource(seed: 1)
        #expect(draws(source, 100).allSatisfy { $0 == nil })
        source.setProbabilities([.hang: 1])
        #expect(draws(source, 100).allSatisfy { $0 == .hang })
        source.setProbabilities(Fault.every(1))
        #expect(draws(source, 1000).allSatisfy { $0 != nil })
    }

    @Test func `a new kind of fault comes last, so that those before it keep their draws`() {
        let known: [Fault] = [
            .refuseConnection, .closeBefore, .closeAfter, .landLate, .slow, .hang, .serverErrorBefore,
            .serverErrorAfter,
            .html, .truncated, .oversized, .statusAsString, .tooManyRequests, .serviceUnavailable, .authRefused,
            .refuseEnable, .refuseDisable, .statusAfter, .blocked, .uncleanEnd,
        ]
        #expect(Array(Fault.allCases.prefix(known.count)) == known)
    }

    @Test func `a script comes first, in order, and the lines of a number wait for that number`() {
        var source = FaultSource(seed: 1)
        source.append([.html], name: "b")
        source.append([.hang, nil, .slow], name: nil)
        #expect(source.next(name: "a") == .hang)
        #expect(source.next(name: "b") == .html)
        #expect(source.next(name: nil) == nil)
        #expect(source.next(name: "b") == .slow)
        #expect(source.next(name: "b") == nil)
    }

    @Test func `a script is bounded`() {
        var source = FaultSource(seed: 1)
        source.append(Array(repeating: .hang, count: FaultSource.maxScriptLength + 5), name: nil)
        #expect(draws(source, FaultSource.maxScriptLength + 5).count { $0 == .hang } == FaultSource.maxScriptLength)
    }

    @Test func `the generator is SplitMix64`() {
        var generator = SeededGenerator(seed: 1_234_567)
        #expect(
            (0..<3).map { _ in generator.next() } == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            ])
    }
}
