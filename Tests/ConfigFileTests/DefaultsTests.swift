import ConfigFile
import Planning
import Testing

@Suite struct DefaultsTests {
    private func read(_ text: String) -> Reading<DesiredState> {
        DesiredStateReader.read(bytes: Array(text.utf8), file: "f.yaml")
    }

    @Test func `an entry of number and token gets every built-in default`() throws {
        let state = try #require(try Fixtures.read("valid-minimal").value)
        let number = try #require(PhoneNumber("+15550100001"))
        #expect(state.numbers == [DesiredNumber(number: number, tokenName: "support-us")])
        #expect(state.source == "valid-minimal.yaml")
    }

    @Test func `defaults apply to each entry, and an entry overrides each`() throws {
        let numbers = try #require(try Fixtures.read("valid-everything").value).numbers
        let window = try RotationWindow(parsing: "Mon-Fri 09:00-17:00 Europe/Rome")
        #expect(numbers.map(\.label) == ["support-us", "Müller & Söhne: [1]", nil, nil])
        #expect(numbers.map(\.tokenName) == ["support-us", "sales-eu", "lab", "own-host"])
        #expect(numbers.map(\.rotateEvery) == [9, 90, 90, 90].map { .seconds($0 * 86_400) })
        #expect(numbers.map(\.reapplyEvery) == [.seconds(86_400), .seconds(86_400), nil, .seconds(86_400)])
        #expect(numbers.map(\.verification) == [.enabled, .enabled, .disabled, .enabled])
        #expect(numbers.map(\.rotationMethod) == [.reset, .reset, .reset, .replace])
        #expect(numbers[0].rotationWindow == window)
        #expect(numbers[3].rotationWindow?.zone == "UTC")
        #expect(numbers[3].endpoint == .url("https://twostep.example.com:8443/api?x=1"))
        #expect(numbers[1].operatorPINName == "sales-eu-known")
        #expect(numbers[0].rotateBefore == Instant("2026-11-01T00:00:00Z"))
        #expect(numbers[3].rotateBefore == Instant("2026-10-31T23:00:00.5Z"))
    }

    @Test func `rotate_before in defaults holds for each entry that has none, and is checked like an entry's (20.21)`()
        throws
    {
        let entries = """
            numbers:
              - {number: "+15550100001", token: a}
              - {number: "+15550100002", token: b, rotate_before: 2026-11-02T00:00:00Z}
              - {number: "+15550100003", token: c, pin: known}
            """
        let reading = read("version: 1\ndefaults: {rotate_before: 2026-11-01T00:00:00Z}\n" + entries)
        #expect(reading.problems == [])
        let instants = ["2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z", "2026-11-01T00:00:00Z"].map { Instant($0) }
        #expect(reading.value?.numbers.map(\.rotateBefore) == instants)
        let wrong = read("version: 1\ndefaults: {rotate_before: 2026-11-01}\n" + entries)
        #expect(wrong.value == nil && wrong.problems.count == 1)
        #expect(wrong.problems.first?.hint == "did you mean 2026-11-01T00:00:00Z?")
    }

    @Test func `never in defaults is never, unless an entry says otherwise`() throws {
        let state = try #require(
            read(
                """
                version: 1
                defaults: {rotate_every: never, endpoint: legacy, verification: disabled}
                numbers:
                  - {number: "+15550100001", token: a}
                  - {number: "+15550100002", token: b, rotate_every: 1h, endpoint: v4, verification: enabled}
                """
            ).value)
        #expect(state.numbers.map(\.rotateEvery) == [nil, .seconds(3600)])
        #expect(state.numbers.map(\.endpoint) == [.legacy, .v4])
        #expect(state.numbers.map(\.verification) == [.disabled, .enabled])
    }

    @Test func `a short default is fine for an entry that overrides it`() {
        let reading = read(
            """
            version: 1
            defaults: {rotate_every: 2s, endpoint: "http://[::1]:8080/"}
            numbers:
              - {number: "+15550100001", token: a}
              - {number: "+15550100002", token: b, rotate_every: 1h, endpoint: v4}
            """)
        #expect(reading.problems == [])
    }

    @Test func `an endpoint that cannot be read says nothing about bounds`() {
        let reading = read(
            "version: 1\nnumbers:\n  - {number: \"+15550100001\", token: a, endpoint: v9, rotate_every: 2s}\n")
        #expect(reading.problems.map(\.message) == ["'endpoint': 'v9' is not an endpoint"])
    }

    @Test func `the checksum is that of the bytes, also of an invalid file`() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        #expect(read("").sha256 == empty)
        let reading = read("version: 1\nnumbers:\n- {number: +15550100001, token: a}\n")
        #expect(reading.value?.sha256 == reading.sha256)
        #expect(reading.sha256?.count == 64)
    }
}
