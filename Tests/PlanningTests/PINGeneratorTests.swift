import Dice
import Exploration
import Planning
import Testing

struct PINGeneratorTests {
    typealias F = Fixture

    @Test(arguments: [
        "012345", "000000", "111111", "999999", "123456", "234567", "456789", "567890", "789012", "987654", "654321",
        "543210", "321098", "121212", "909090", "123123", "907907",
    ])
    func `PINs that anybody would guess are barred`(digits: String) {
        #expect(!PINGenerator.isAllowed(F.pin(digits), for: F.number, recent: []))
    }

    @Test(arguments: ["123457", "112233", "135790", "121213", "123124", "998877", "100000"])
    func `PINs beside those are not`(digits: String) {
        #expect(PINGenerator.isAllowed(F.pin(digits), for: F.number, recent: []))
    }

    @Test func `The last digits of the number are barred`() {
        let number = F.phone("+15558739104")
        #expect(!PINGenerator.isAllowed(F.pin("739104"), for: number, recent: []))
        #expect(PINGenerator.isAllowed(F.pin("873910"), for: number, recent: []))
    }

    @Test func `Recent PINs are barred`() {
        #expect(!PINGenerator.isAllowed(F.pin("739104"), for: F.number, recent: [F.pin("285016"), F.pin("739104")]))
    }

    @Test func `About one PIN in nine hundred is weak`() {
        let weak = (100_000...999_999).count { PIN(digits: String($0)).map(PINGenerator.isWeak) ?? true }
        #expect(weak < 1010 && weak > 900, "\(weak)")
    }

    @Test func `The last ten PINs of a number are not made again, and an older one can be`() throws {
        // A generator that offers the number's own PINs first, then another.
        let offered = (0..<11).map { 461_907 + UInt32($0) * 1013 }
        for kept in [10, 11] {
            var record = F.record(F.desired(), F.off)
            record.generations = offered.prefix(kept).enumerated().map {
                F.generation($0.offset + 1, pin: String($0.element))
            }
            var random = SplitMix64(seed: 3)
            let departure = record.departing(
                with: PlannedRequest(.enableNew, proof: .mayBeIgnored), because: .enabling, changeID: 1, now: F.now,
                random: &random)
            let made = try #require(departure.newGeneration)
            #expect(!record.generations.suffix(PINGenerator.remembered).contains { $0.pin == made.pin })
            #expect(made.generation == kept + 1)
        }
        #expect(PINGenerator.remembered == 10)
        let recent = offered.dropFirst().map { F.pin(String($0)) }
        #expect(PINGenerator.isAllowed(F.pin(String(offered[0])), for: F.number, recent: recent))
    }

    @Test func `PINs are allowed and uniform`() {
        var random = SplitMix64(seed: 11)
        var first = Array(repeating: 0, count: 10)
        var last = Array(repeating: 0, count: 10)
        let draws = 20_000
        for _ in 0..<draws {
            let pin = PINGenerator.make(for: F.number, recent: [], using: &random)
            if !PINGenerator.isAllowed(pin, for: F.number, recent: []) { Issue.record("a barred PIN was made") }
            let digits = pin.reveal().utf8.map { Int($0) - 48 }
            first[digits[0]] += 1
            last[digits[5]] += 1
        }
        #expect(first[0] == 0)
        // Ten standard deviations in both directions: a seeded generator never fails by chance, a skewed one does.
        #expect(first.dropFirst().allSatisfy { abs($0 - draws / 9) < 450 }, "\(first)")
        #expect(last.allSatisfy { abs($0 - draws / 10) < 430 }, "\(last)")
    }
}
