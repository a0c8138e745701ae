import Dice
import Exploration
import Planning
import Testing

/// PIN and Token cannot print themselves, in whatever way and inside whatever value they are printed.
struct SecretsTests {
    struct Holder {
        let pin = Fixture.pin("739104")
        let token = Token("canary-token-5c1")
        let pins = [Fixture.pin("739104")]
        let byName = ["front-desk": Fixture.pin("739104")]
    }

    static let canaries = ["739104", "canary-token-5c1", "0xb4740"]

    /// Returns every text that the standard library makes of a value.
    static func texts<Value>(of value: Value) -> [String] {
        var dumped = ""
        dump(value, to: &dumped)
        let mirror = Mirror(reflecting: value)
        return [
            "\(value)", String(describing: value), String(reflecting: value), dumped, "\(mirror)",
            mirror.children.map { "\($0.label ?? ""): \($0.value)" }.joined(),
        ]
    }

    static func expectSilence<Value>(of value: Value) {
        for text in texts(of: value) {
            for canary in canaries { #expect(!text.contains(canary), "\(Value.self)") }
        }
    }

    @Test func `A PIN prints a placeholder`() {
        let pin = Fixture.pin("739104")
        #expect("\(pin)" == "PIN(redacted)")
        #expect(pin.debugDescription == "PIN(redacted)")
        #expect(Mirror(reflecting: pin).children.isEmpty)
        Self.expectSilence(of: pin)
    }

    @Test func `A token prints a placeholder`() throws {
        let token = try #require(Token("canary-token-5c1"))
        #expect("\(token)" == "Token(redacted)")
        #expect(token.debugDescription == "Token(redacted)")
        #expect(Mirror(reflecting: token).children.isEmpty)
        Self.expectSilence(of: token)
    }

    @Test func `Whatever holds them prints placeholders`() {
        let generation = Fixture.generation(1, pin: "739104")
        var record = Fixture.record(Fixture.desired(), Fixture.on(1))
        record.generations = [generation]
        let request = PlannedRequest(.enableOperatorPIN(Fixture.pin("739104"), name: "front-desk"), proof: .replaces)
        var random = SplitMix64(seed: 1)
        let departure = record.departing(
            with: request, because: .adoptingOperatorPIN, changeID: 1, now: Fixture.now, random: &random)
        Self.expectSilence(of: Holder())
        Self.expectSilence(of: generation)
        Self.expectSilence(of: record)
        Self.expectSilence(of: request)
        Self.expectSilence(of: Decision.send(request, .adoptingOperatorPIN))
        Self.expectSilence(of: departure)
        Self.expectSilence(of: StoreMutation.save(record, newGeneration: generation, touched: [1]))
    }

    @Test(arguments: ["000000", "012345", "999999", "100000"])
    func `A PIN reveals its six digits`(digits: String) {
        #expect(PIN(digits: digits)?.reveal() == digits)
    }

    @Test(arguments: ["", "12345", "1234567", "12345a", "１23456", " 12345", "+12345", "-12345", "12 456"])
    func `Anything but six digits is no PIN`(digits: String) {
        #expect(PIN(digits: digits) == nil)
    }

    @Test func `A token reveals its text and refuses what cannot be one`() {
        #expect(Token("abc.DEF-123~")?.reveal() == "abc.DEF-123~")
        #expect(Token(String(repeating: "x", count: Token.maxLength)) != nil)
        for bad in ["", "with space", "line\n", "tab\t", "é", "\u{7f}", String(repeating: "x", count: 4097)] {
            #expect(Token(bad) == nil)
        }
    }

    @Test func `The origin of a PIN goes round through its text`() {
        for origin in [PINGeneration.Origin.generated, .operator(name: "front-desk"), .operator(name: "a:b")] {
            #expect(PINGeneration.Origin(text: origin.text) == origin)
        }
        #expect(PINGeneration.Origin(text: "made") == nil)
    }
}
