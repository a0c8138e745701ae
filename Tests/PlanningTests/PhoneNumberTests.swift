import Planning
import Testing

struct PhoneNumberTests {
    @Test(arguments: ["+15550100001", "+1234567", "+123456789012345", "+390612345678"])
    func `E.164 is read and written as it is`(text: String) {
        #expect(PhoneNumber(text)?.description == text)
    }

    @Test(arguments: [
        "", "+", "15550100001", "+0155501000", "+123456", "+1234567890123456", "+1 555 0100001", "+1-5550100001",
        "0015550100001", "+1555010000１", "+15550100001 ", "+1555010000x", "++15550100001",
    ])
    func `Anything else is refused`(text: String) {
        #expect(PhoneNumber(text) == nil)
    }

    @Test func `Numbers are ordered by their text`() {
        #expect(Fixture.phone("+15550100001") < Fixture.phone("+15550100002"))
    }

    @Test func `The stable hash is the same in every process and spreads like numbers`() {
        #expect(Fixture.phone("+15550100001").stableHash == Fixture.phone("+15550100001").stableHash)
        var buckets = Array(repeating: 0, count: 10)
        for index in 0..<10_000 {
            let hash = Fixture.phone("+1555\(1_000_000 + index)").stableHash
            buckets[Int(hash >> 60) * 10 / 16] += 1
            buckets[Int(hash % 10)] += 1
        }
        #expect(buckets.allSatisfy { $0 > 1400 && $0 < 2700 }, "\(buckets)")
    }
}
