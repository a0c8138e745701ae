import ConfigFile
import Planning
import Testing

/// The defaults and the allowed keys of each vendor's entries; the fixtures `whatsapp-…` show the messages.
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

    @Test func `a number is observed where there is an id and a token that may read it`() throws {
        let reading = read(
            """
            version: 1
            defaults: {observer: meta, observe_every: 1h}
            numbers:
              - {number: "+15550100001", token: a}
              - {number: "+15550100002", token: b, phone_number_id: "2"}
              - {number: "+15550100003", token: c, phone_number_id: "3", observer: other, observe_every: never,
                 observer_endpoint: "http://127.0.0.1:8180/v25.0/"}
              - {number: "+15550100004", token: meta, vendor: whatsapp, phone_number_id: "4", endpoint: "https://graph.example.com/v1"}
              - {number: "+15550100005", token: meta, vendor: whatsapp, phone_number_id: "5", observer: other}
            """)
        #expect(reading.problems == [])
        let numbers = try #require(reading.value).numbers
        #expect(
            numbers.map(\.observer) == [
                nil, Observer(tokenName: "meta", endpoint: graph),
                Observer(tokenName: "other", endpoint: .url("http://127.0.0.1:8180/v25.0")),
                Observer(tokenName: "meta", endpoint: .url("https://graph.example.com/v1")),
                Observer(tokenName: "other", endpoint: graph),
            ])
        #expect(numbers.map(\.observeEvery) == [3600, 3600, nil, 3600, 3600].map { $0.map { .seconds($0) } })
        #expect(numbers.map { $0.observation != nil } == [false, true, false, true, true])
    }

    @Test(arguments: [
        ("token: b, observer: meta", "'observer' needs the 'phone_number_id'"),
        ("token: b, phone_number_id: \"2\", observer: meta, observe_every: 5m", "'observe_every' must be 10m to 30d"),
        ("token: b, phone_number_id: \"2\", observer: meta, observer_endpoint: v4", "is not an observer endpoint"),
        (
            "token: b, phone_number_id: \"2\", observer: meta, observer_endpoint: \"https://a.example/?b\"",
            "must not have a query"
        ),
        (
            "token: b, phone_number_id: \"2\", observer: \"EAAGm0PX4ZCpsBAabcdefghijklmnopqrstuvwxyz0123456789\"",
            "must not appear"
        ),
        ("token: b, phone_number_id: \"1\", observer: meta", "the same phone_number_id 1: first on line 3"),
        ("token: b, phone_number_id: \"2\", observer: a", "the observer 'a' is the token that names"),
    ])
    func `an observer that cannot work is named`(entry: String, words: String) {
        let reading = read(
            """
            version: 1
            numbers:
              - {number: "+15550100001", token: a, phone_number_id: "1", observer: meta}
              - {number: "+15550100002", \(entry)}
            """)
        #expect(reading.problems.contains { $0.message.contains(words) }, "\(reading.problems)")
    }

    @Test func `without the keys only numbers whose own token may observe are observed`() throws {
        let numbers = try #require(try Fixtures.read("valid-whatsapp").value).numbers
        let own = Observer(tokenName: "meta", endpoint: graph)
        let other = Observer(tokenName: "meta", endpoint: .url("https://graph.example.com/v25.0"))
        #expect(numbers.map(\.observer) == [nil, own, own, other, nil])
        #expect(numbers.allSatisfy { $0.observeEvery == .seconds(6 * 3600) })
    }

    @Test func `defaults behind the entries name the observer as well`() throws {
        let number = try #require(try Fixtures.read("valid-observer-defaults-last").value?.numbers.first)
        #expect(number.observer == Observer(tokenName: "meta", endpoint: .url("http://[::1]:8180")))
        #expect(number.observeEvery == .seconds(5))
    }

    @Test func `an observer's token is looked up once, and its value is no part of what is desired`() throws {
        let text = try Fixtures.bytes("valid-observer")
        func read(_ secrets: any SecretLookup, _ mark: @escaping (Token) -> String) -> [DesiredNumber]? {
            DesiredStateReader.read(
                bytes: text, file: "f.yaml", secrets: secrets, references: .required, mark: mark
            ).value?.numbers
        }
        let secrets = CountingSecrets()
        let before = try #require(read(secrets) { $0.reveal() })
        #expect(secrets.lookups.sorted() == ["billing", "lab", "meta", "meta-lab", "sales-eu", "support-us"])
        let after = read(CountingSecrets()) { $0.reveal().hasSuffix("-meta") ? "another" : $0.reveal() }
        #expect(after?.prefix(4) == before.prefix(4))
        #expect(after?[4].tokenMark == "another", "where it sets PINs as well, it is the entry's own token")
    }

    @Test func `defaults behind the entries decide the vendor as well`() throws {
        let numbers = try #require(try Fixtures.read("valid-whatsapp-defaults-last").value).numbers
        #expect(numbers.map(\.vendor) == [.whatsapp, .whatsapp, .pickyAssist])
        #expect(numbers.map(\.rotationMethod) == [.replace, .replace, .reset])
        #expect(numbers[0].endpoint == .url("http://127.0.0.1:8180/v25.0"))
    }

    @Test func `defaults behind so many entries that each seems wrong still decide`() {
        // Without the defaults each entry has four errors: a token that is not its own, and three short periods.
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
        ("endpoint: v4", "'v4' is not an endpoint of vendor whatsapp"),
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
