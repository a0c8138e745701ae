import Testing

@testable import Planning

struct ShardTests {
    /// Repeatable dice: the fleets are the same on each run.
    private struct Dice: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
    }

    private static func fleet(_ size: Int, _ dice: inout Dice) -> [PhoneNumber] {
        let start = Int.random(in: 1_000_000...9_000_000_000, using: &dice)
        let step = [1, 1, 7, 1000, 65_536].randomElement(using: &dice) ?? 1
        return (0..<size).map { Fixture.phone("+\(1 + start % 9)\(start + $0 * step)") }
    }

    @Test(arguments: [
        ("+15550100001", [0, 0, 0, 3, 3, 15, 30, 353]), ("+15550100002", [0, 1, 1, 1, 1, 5, 5, 761]),
        ("+15550100003", [0, 0, 0, 0, 0, 0, 59, 539]), ("+393331234567", [0, 1, 2, 3, 4, 4, 33, 33]),
        ("+447700900123", [0, 1, 1, 3, 3, 10, 91, 930]), ("+4915112345678", [0, 0, 0, 0, 4, 12, 33, 898]),
        ("+1234567", [0, 1, 2, 2, 2, 12, 62, 798]), ("+999999999999999", [0, 1, 1, 1, 1, 9, 79, 692]),
    ])
    func `Who has a number is fixed for good: another hash would move the fleet`(_ row: (String, [Int])) {
        let number = Fixture.phone(row.0)
        #expect([1, 2, 3, 4, 5, 16, 100, 1024].map { Shard.owner(of: number, among: $0) } == row.1)
    }

    @Test func `The hash that it begins with is fixed for good as well`() {
        #expect(Fixture.phone("+15550100001").stableHash == 16_842_964_169_713_569_408)
        #expect(Fixture.phone("+1234567").stableHash == 17_594_294_976_954_485_922)
    }

    @Test func `In 1,000 fleets and resizes every number has exactly one owner, and only the new shard takes any`() {
        var dice = Dice(state: 0x5eed)
        for _ in 0..<1000 {
            let count = Int.random(in: 1...24, using: &dice)
            let shards = (0..<count).compactMap { Shard($0, of: count) }
            for number in Self.fleet(Int.random(in: 1...80, using: &dice), &dice) {
                let owners = shards.filter { $0.owns(number) }.map(\.index)
                #expect(owners == [Shard.owner(of: number, among: count)])
                let grown = Shard.owner(of: number, among: count + 1)
                #expect(grown == owners[0] || grown == count, "growing moves a number to the new shard or not at all")
                guard count > 1 else { continue }
                let shrunk = Shard.owner(of: number, among: count - 1)
                #expect(owners[0] == count - 1 || shrunk == owners[0], "only those of the shard that goes have to move")
            }
        }
    }

    @Test func `Growing by one moves about 1/(n+1), and by several what is needed and no more`() {
        var dice = Dice(state: 7)
        for count in [1, 2, 4, 9, 31] {
            let fleet = Self.fleet(20_000, &dice)
            for target in [count + 1, count * 2] {
                let moved = fleet.count { Shard.owner(of: $0, among: count) != Shard.owner(of: $0, among: target) }
                let expected = Double(target - count) / Double(target)
                let share = Double(moved) / Double(fleet.count)
                // Six standard deviations of a binomial share.
                let tolerance = 6 * (expected * (1 - expected) / Double(fleet.count)).squareRoot()
                #expect(abs(share - expected) < tolerance, "\(count) to \(target): \(share), expected \(expected)")
            }
        }
    }

    @Test(arguments: [2, 3, 4, 7, 16, 64])
    func `Shards are of one size, also over numbers that follow each other`(_ count: Int) {
        var dice = Dice(state: UInt64(count))
        for _ in 0..<8 {
            var sizes = [Int](repeating: 0, count: count)
            for number in Self.fleet(6400, &dice) { sizes[Shard.owner(of: number, among: count)] += 1 }
            let mean = 6400.0 / Double(count)
            let chiSquare = sizes.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) / mean }
            // The mean of chi-square is its degrees of freedom f, its deviation the root of 2f: eight of them.
            let freedom = Double(count - 1)
            #expect(chiSquare < freedom + 8 * (2 * freedom).squareRoot(), "\(sizes)")
        }
    }

    @Test(arguments: ["0/1", "0/4", "3/4", "1023/1024", "9/10"])
    func `A shard is written i/n, from 0`(_ text: String) throws {
        let shard = try #require(Shard(text))
        #expect(shard.description == text)
        #expect(shard.isWhole == (text == "0/1"))
    }

    @Test(arguments: [
        "", "/", "0", "0/0", "1/1", "4/4", "5/4", "-1/4", "+1/4", "0/1025", "1/4/4", "a/4", "1/b", " 1/4", "1/4 ",
        "01/4",
        "1/04", "1/", "/4", "0/10000", "00/4", "１/4",
    ])
    func `Anything else is none`(_ text: String) { #expect(Shard(text) == nil) }

    @Test func `No part at all has no number`() {
        #expect(Shard("none") == Shard.nothing && Shard.nothing.description == "none")
        #expect(!Shard.nothing.owns(Fixture.number) && !Shard.nothing.isWhole)
        #expect(Shard(0, of: 0) == nil)
    }

    @Test func `Another shard is held whatever the limit, unless nothing leaves and everything is known`() throws {
        let (old, new) = (try #require(Shard("0/4")), try #require(Shard("1/4")))
        for limit in [nil, 1, 20, 100] {
            let held = WeakeningGuard(maximumPercent: limit)
            let change = { ShardChange(from: old, to: new, unknown: $0) }
            #expect(held.weakening(managed: 3, disabled: 0, dropped: 1, shardChange: change(0)) != nil)
            #expect(held.weakening(managed: 0, disabled: 0, dropped: 0, shardChange: change(1)) != nil)
            #expect(held.weakening(managed: 9, disabled: 0, dropped: 0, shardChange: change(0)) == nil)
            #expect(held.weakening(managed: 9, disabled: 0, dropped: 0, shardChange: nil) == nil)
        }
        let weakening = WeakeningGuard(maximumPercent: 20).weakening(
            managed: 9, disabled: 0, dropped: 7, shardChange: ShardChange(from: old, to: new, unknown: 8))
        #expect(
            weakening?.description
                == "the shard changes from 0/4 to 1/4: it would drop 7 of 9 managed numbers, for other shards to take over "
                + "and reset 8 that this store does not know (`twostepd move in` keeps the PINs that another store has)"
        )
        let first = WeakeningGuard(maximumPercent: 20).weakening(
            managed: 0, disabled: 0, dropped: 0, shardChange: ShardChange(from: nil, to: new, unknown: 8))
        #expect(first?.description.hasPrefix("it begins as shard 1/4: it would reset 8 that") == true)
    }
}
