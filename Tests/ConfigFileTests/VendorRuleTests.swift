import ConfigFile
import Planning
import Testing

/// What the entries of each vendor get and may say; the messages are held by the fixtures `whatsapp-…`.
@Suite struct VendorRuleTests {
    private let graph = Endpoint.url("https://graph.facebook.com/v25.0")

    private func read(_ text: String) -> Reading<DesiredState> {
        DesiredStateReader.read(bytes: Array(text.utf8), file: "f.yaml")
    }

    @Test func `an entry gets the defaults of its vendor`() throws {
        let numbers = try #require(try Fixtures.read("valid-whatsapp").value).numbers
        #expect(numbers.map(\.vendor) == [.pickyAssist, .whatsapp, .whatsapp, .whatsapp, .pickyAssist])
        #expect(numbers.map(\.endpoint) == [.v4, graph, graph, .url("https://graph.example.com/v25.0"), .v4])
        #expect(numbers.map(\.rotationMethod) == [.reset, .replace, .replace, .replace, .reset])
        #expect(numbers.map(\.tokenName) == ["support-us", "meta", "meta", "meta", "sales-eu"])
        #expect(numbers.map(\.onNewToken) == [.keep, .keep, .keep, .keep, .reset])
        let ids = ["106540352242920", "106540352242922", "9999999999999999999", "106540352242922"]
        #expect(numbers.map(\.phoneNumberID) == ids.map { PhoneNumberID($0) } + [nil])
    }

    @Test func `defaults behind the entries decide the vendor as well`() throws {
        let numbers = try #require(try Fixtures.read("valid-whatsapp-defaults-last").value).numbers
        #expect(numbers.map(\.vendor) == [.whatsapp, .whatsapp, .pickyAssist])
        #expect(numbers.map(\.rotationMethod) == [.replace, .replace, .reset])
        #expect(numbers[0].endpoint == .url("http://127.0.0.1:8180/v25.0"))
    }

    @Test func `defaults behind so many entries that each seems wrong still decide`() {
        // Without the defaults there are four errors in each: a token that is not its own, and three short periods.
        let entries = (10_000...35_000).map {
            "- {number: \"+15550\($0)\", token: a, phone_number_id: \"\($0)\", "
                + "rotate_every: 2s, reapply_every: 2s, rotate_after_reveal: 2s}\n"
        }
        let list = "version: 1\nnumbers:\n" + entries.joined()
        let reading = read(list + "defaults: {vendor: whatsapp, endpoint: \"http://127.0.0.1:1\"}\n")
        #expect(reading.problems == [])
        #expect(reading.value?.numbers.count == entries.count)
        let without = read(list)
        #expect(without.value == nil)
        #expect(without.problems.first?.message.contains("'rotate_every' must be 1h") == true)
        #expect(without.problems.last?.message.hasSuffix("more problems, not shown") == true)
    }

    @Test func `a shared token is looked up and marked once, and each of its entries has the mark`() throws {
        let text = try Fixtures.bytes("valid-whatsapp")
        let secrets = CountingSecrets()
        let reading = DesiredStateReader.read(
            bytes: text, file: "f.yaml", secrets: secrets, references: .required, mark: { "mark of \($0.reveal())" })
        let marks = reading.value?.numbers.map(\.tokenMark)
        #expect(marks == ["support-us", "meta", "meta", "meta", "sales-eu"].map { "mark of value-of-\($0)" })
        #expect(secrets.lookups == ["support-us", "meta", "sales-eu"])
    }

    @Test(arguments: [
        ("endpoint: v4", "'v4' is no endpoint of vendor whatsapp"),
        ("endpoint: https://graph.example.com/?", "must not have a query"),
        ("verification: disabled", "'verification: disabled' is not possible"),
        ("rotation_method: reset", "'rotation_method: reset' is not possible"),
    ])
    func `a default that only entries of the other vendor use is no problem`(_ line: String, _ words: String) {
        let own = "endpoint: \"http://[::1]:1/\", verification: enabled, rotation_method: replace"
        let other = "- {number: \"+15550100001\", token: a}\n"
        let entry = "number: \"+15550100002\", token: b, vendor: whatsapp, phone_number_id: \"1\""
        let head = "version: 1\ndefaults:\n  \(line)\nnumbers:\n\(other)"
        #expect(read(head + "- {\(entry), \(own)}\n").problems == [])
        let problems = read(
            head + "- {\(entry)}\n- {\(entry.replacing("0002", with: "0003").replacing("\"1\"", with: "2"))}\n"
        )
        .problems
        #expect(problems.map(\.line) == [3])
        #expect(problems.first?.message.contains(words) == true)
        #expect(problems.first?.message.hasSuffix("(the entry on line 6 uses this default)") == true)
    }
}
