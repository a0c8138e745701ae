import Testing

@testable import twostepd

@Suite("Work on several processors")
struct ParallelTests {
    private struct Refusal: Error, Hashable {
        let at: Int
    }

    @Test(arguments: [0, 1, 999, 5000, 100_003])
    func `a large array is mapped in its order, and a small one as well`(count: Int) throws {
        let numbers = Array(0..<count)
        #expect(try numbers.mapInParallel { $0 * 2 } == numbers.map { $0 * 2 })
    }

    @Test func `an error in any part is the error of the whole`() {
        #expect(throws: Refusal(at: 9000)) {
            try Array(0..<10_000).mapInParallel { (number: Int) throws -> Int in
                if number == 9000 { throw Refusal(at: number) }
                return number
            }
        }
    }

    @Test func `an errand brings its result, or its error`() throws {
        #expect(try BackgroundWork { 6 * 7 }.result() == 42)
        #expect(throws: Refusal(at: 1)) { try BackgroundWork<Int> { throw Refusal(at: 1) }.result() }
    }

    @Test func `a bar fits its terminal, and is full when all is done`() {
        for width in [10, 40, 80, 200] {
            let bar = ProgressBar(width: width)
            for done in [0, 1, 49, 50, 99] {
                let line = bar.line(done: done, total: 50, detail: "12 failed so far, of which one is exposed")
                #expect(line.count <= max(20, width - 1), "\(width): \(line)")
            }
        }
        #expect(
            ProgressBar(width: 40).line(done: 5, total: 10, detail: "x") == "[##############...............] 5/10 x")
        #expect(
            ProgressBar(width: 80).line(done: 0, total: 0, detail: "") == "[" + String(repeating: "#", count: 40)
                + "] 0/0 ")
    }
}
