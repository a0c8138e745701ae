import Foundation
import Planning
import Testing

@testable import ConfigFile

@Suite struct ImportTests {
    private func read(_ text: String) -> Reading<ImportedFile> {
        NumberListImport.read(bytes: Array(text.utf8), file: "fleet.csv")
    }

    @Test func `a list becomes a file that is valid and sorted by number`() throws {
        let text = """
            \u{FEFF}Number;Label;token;rotate_every;endpoint;pin\r
            "+49 (30) 123-4567";"a ""b"", c";lab;;;\r
            ;;;;;\r
            +1.555.010.0001;support;no;30d;https://example.com/a?b=c;known\r

            """
        let imported = try #require(read(text).value)
        #expect(
            imported.text == """
                # yaml-language-server: $schema=desired-state.schema.json

                version: 1

                numbers:
                  - number: "+15550100001"
                    label: support
                    token: "no"
                    pin: known
                    endpoint: https://example.com/a?b=c
                    rotate_every: 30d
                  - number: "+49301234567"
                    label: "a \\"b\\", c"
                    token: lab

                """)
        #expect(imported.count == 2)
        #expect(try SchemaTests.schema().accepts(JSONValue(document: imported.text)))
    }

    @Test func `numbers of vendors whose tokens name none share a token`() throws {
        let text = """
            number,token,vendor,phone_number_id,on_new_token,endpoint
            +15550100003,support,,,keep,
            +15550100002,meta,whatsapp,106540352242923,,
            +15550100001,meta,whatsapp,106540352242922,,https://graph.example.com/v25.0/
            +15550100004,meta,whatsapp,106540352242922,,

            """
        let imported = try #require(read(text).value)
        #expect(
            imported.text.hasSuffix(
                """
                  - number: "+15550100001"
                    token: meta
                    vendor: whatsapp
                    phone_number_id: "106540352242922"
                    endpoint: https://graph.example.com/v25.0/
                  - number: "+15550100002"
                    token: meta
                    vendor: whatsapp
                    phone_number_id: "106540352242923"
                  - number: "+15550100003"
                    token: support
                    on_new_token: keep
                  - number: "+15550100004"
                    token: meta
                    vendor: whatsapp
                    phone_number_id: "106540352242922"

                """))
        #expect(try SchemaTests.schema().accepts(JSONValue(document: imported.text)))
    }

    @Test func `numbers of every vendor share an observer`() throws {
        let text = """
            number,token,phone_number_id,observer,observe_every,observer_endpoint
            +15550100001,support,106540352242922,meta,1h,
            +15550100002,sales,106540352242923,meta,,https://graph.example.com/v25.0
            +15550100003,lab,,,,

            """
        let imported = try #require(read(text).value)
        #expect(
            imported.text.hasSuffix(
                """
                  - number: "+15550100001"
                    token: support
                    phone_number_id: "106540352242922"
                    observer: meta
                    observe_every: 1h
                  - number: "+15550100002"
                    token: sales
                    phone_number_id: "106540352242923"
                    observer: meta
                    observer_endpoint: https://graph.example.com/v25.0
                  - number: "+15550100003"
                    token: lab

                """))
        #expect(try SchemaTests.schema().accepts(JSONValue(document: imported.text)))
    }

    /// A list and its problem: the position, and a part of the message and the hint.
    struct Mistake: Sendable, CustomTestStringConvertible {
        let list: String
        let place: String
        let words: String
        var testDescription: String { list }
    }

    static let mistakes = [
        Mistake(list: "", place: "fleet.csv: error", words: "empty"),
        Mistake(list: "number,token\n", place: "fleet.csv:1:1:", words: "no number"),
        Mistake(list: "+15550100001,a\n", place: "fleet.csv:1:1:", words: "unknown column"),
        Mistake(list: "number,label\n+15550100001,a\n", place: "fleet.csv:1:1:", words: "'token' is missing"),
        Mistake(list: "number,tokn\n+15550100001,a\n", place: "fleet.csv:1:8:", words: "did you mean 'token'?"),
        Mistake(list: "number\ttoken\n+15550100001\ta\n", place: "fleet.csv:1:1:", words: "separate the columns"),
        Mistake(list: "number,token,number\n", place: "fleet.csv:1:14:", words: "duplicate column"),
        Mistake(list: "number,token\n0049301234567,a\n", place: "fleet.csv:2:1:", words: "+49301234567?"),
        Mistake(list: "number,token\n15550100001,a\n", place: "fleet.csv:2:1:", words: "did you mean +15550100001"),
        Mistake(list: "number,token\n1.5551E+10,a\n", place: "fleet.csv:2:1:", words: "rounded"),
        Mistake(list: "number,token\n+44 (0)20 79460000,a\n", place: "fleet.csv:2:1:", words: "without the (0)"),
        Mistake(list: "number,token\n030 1234567,a\n", place: "fleet.csv:2:1:", words: "country code"),
        Mistake(list: "number,token\n+15550100001\n", place: "fleet.csv:2:1:", words: "1 field, and the header 2"),
        Mistake(list: "number,token\n+15550100001,\n", place: "fleet.csv:2:14:", words: "no 'token'"),
        Mistake(list: "token,number\na,+15550100001\na,+15550100002\n", place: "fleet.csv:3:1:", words: "line 2"),
        Mistake(
            list: "token,number\na,+15550100001\nb,+1-555-010-0001\n", place: "fleet.csv:3:3:",
            words: "first used on line 2"
        ),
        Mistake(
            list: "number,token,rotate_every\n+15550100001,a,30\n+15550100002,b,90x\n", place: "fleet.csv:3:16:",
            words: "'rotate_every' must be a duration"),
        Mistake(list: "number,token\n+15550100001,\"a\n", place: "fleet.csv:2:14:", words: "never closed"),
        Mistake(list: "number,token\n+15550100001,\"a\"b\n", place: "fleet.csv:2:17:", words: "closing quote"),
        Mistake(list: "number,token\n+15550100001,a\"b\n", place: "fleet.csv:2:15:", words: "middle of a field"),
        Mistake(list: "number,label,token\n+15550100001,\"a\nb\",c\n", place: "fleet.csv:2:14:", words: "label"),
        Mistake(
            list:
                "token,number,vendor,phone_number_id\na,+15550100001,whatsapp,1\na,+15550100002,,\na,+15550100003,,\n",
            place: "fleet.csv:4:1:", words: "first used on line 3"),
        Mistake(
            list: "token,number,vendor,phone_number_id\na,+15550100002,whatsapp,17\nb,+15550100001,whatsapp,17\n",
            place: "fleet.csv:3:25:", words: "duplicate phone_number_id '17': first used on line 2"),
        Mistake(
            list: "number,token,vendor,phone_number_id\n+15550100001,a,whatsapp,1.0654E+14\n",
            place: "fleet.csv:2:25:", words: "a spreadsheet has rounded it"),
        Mistake(
            list: "number,token,vendor\n+15550100001,a,whatsapp\n", place: "fleet.csv:2:1:",
            words: "the entry of +15550100001 has no 'phone_number_id'"),
        Mistake(
            list: "number,token,vendor\n+15550100001,a,meta\n+15550100002,a,meta\n", place: "fleet.csv:3:16:",
            words: "'vendor' must be picky-assist or whatsapp"),
        Mistake(
            list: "number,token,observer\n+15550100001,a,meta\n", place: "fleet.csv:2:16:",
            words: "'observer' needs the 'phone_number_id'"),
        Mistake(
            list: "number,token,phone_number_id,observer\n+15550100001,a,17,m\n+15550100002,b,17,m\n",
            place: "fleet.csv:3:16:",
            words: "two numbers with the same phone_number_id 17"),
    ]

    /// Texts of the column `number` that are one number.
    @Test(arguments: [
        "+15550100001", "+1 (555) 010-0001", "+1.555.010.0001", "+1-555-010-0001", "+1 555/010-0001",
        "tel:+15550100001",
        "TEL:+1-555-010-0001", "'+15550100001", "=\"+15550100001\"", "\"=\"\"+1 555 0100001\"\"\"", " +15550100001 ",
        "\u{202A}+1 555 010 0001\u{202C}", "\u{200E}+1\u{2011}555\u{2011}010\u{2011}0001", "+1\u{A0}555\u{202F}0100001",
        "+(1) 555 0100001", "+1 \u{2013} 555 \u{2013} 0100001",
    ])
    func `one number is understood, however it is written`(_ cell: String) throws {
        let imported = try #require(read("number,token\n\(cell),a\n").value, "\(cell)")
        #expect(imported.text.contains("number: \"+15550100001\""), "\(imported.text)")
    }

    /// Texts of the column `number` that are not certainly one number, with a word of the hint.
    @Test(arguments: [
        ("+15550100001.0", "fraction"), ("+1 5550100001.00", "fraction"), ("+1.5550100001", "fraction"),
        ("+15550100001-2", "extension"), ("+15550100001-23", "extension"), ("+15550100001 x12", "extension"),
        ("+15550100001 ext. 3", "extension"), ("+15550100001#4", "extension"), ("+1 555 010 0001-0", "extension"),
        ("tel:+15550100001;ext=2", "row of its own"), ("+15550100001/2", "another number"),
        ("+15550100001 / +15550100002", "row of its own"), ("+15550100001 15550100002", "another number"),
        ("+15550100001 +15550100002", "row of its own"), ("\"+15550100001, +15550100002\"", "row of its own"),
        ("\"+15550100001\n+15550100002\"", "row of its own"), ("+1.5551E+10", "rounded"),
        ("+ 1 555 0100001", "between"),
        ("+15550100001-", "between"), ("+1 555 (0100001", "7 to 15"), ("+1 -.-. 5550100001", "between"),
        ("+1 555 ٠١٠٠٠٠١", "7 to 15"), ("+", "between"), ("++15550100001", "row of its own"),
        ("+15550100001 22 33", "another number"), ("+1 555 0100001/02", "row of its own"), ("+1 555 010/0001", "'/'"),
        ("+49 030 1234567", "+49301234567"), ("+4402079460000", "+442079460000"), ("+1 555 010 00012", "ten digits"),
        ("155501000012", "7 to 15"), ("004402079460000", "7 to 15"),
    ])
    func `what is not certainly one number is refused with a hint`(_ cell: String, _ word: String) throws {
        let reading = read("number,token\n\(cell),a\n")
        #expect(reading.value == nil, "\(cell): \(reading.value?.text ?? "")")
        #expect(reading.rendered(color: false).contains(word), "\(reading.rendered(color: false))")
    }

    @Test(arguments: [
        "sep=;\nnumber;token\n+15550100001;a\n", "\"sep=,\"\r\nnumber,token\r\n+15550100001,a\r\n",
        "SEP=\t\nnumber\ttoken\n+15550100001\ta\n", "number,token\r+15550100001,a\r", "number,token\r\r+15550100001,a",
        "number,token,,\n+15550100001,a,,\n", "number,token\n+15550100001,a,,,\n", "number,token,,\n+15550100001,a\n",
    ])
    func `what spreadsheets write around a list is understood`(_ list: String) throws {
        let imported = try #require(read(list).value, "\(read(list).rendered(color: false))")
        #expect(imported.text.hasSuffix("  - number: \"+15550100001\"\n    token: a\n"), "\(imported.text)")
    }

    @Test func `lines are counted behind a line that names the separator, and at each carriage return`() {
        for list in ["sep=;\r\nnumber;token\r\n1;a\r\n", "sep=;\rnumber;token\r1;a\r"] {
            #expect(
                read(list).rendered(color: false).contains("fleet.csv:3:1:"), "\(read(list).rendered(color: false))")
        }
    }

    @Test(arguments: mistakes) func `a mistake is named with its line and column`(_ mistake: Mistake) {
        let reading = read(mistake.list)
        let text = reading.rendered(color: false)
        #expect(reading.value == nil)
        #expect(text.contains(mistake.place), "\(text)")
        #expect(text.contains(mistake.words), "\(text)")
    }

    @Test(arguments: [
        "number,token\n+15550100001,CANARYa8f3b2c9d4e5f6a7b8\n",
        "number,token,pin\n+15550100001,a,604180\n",
        "number,label,token\n+15550100001,CANARYa8f3b2c9d4e5f6a7b8,a\n",
        "number,token\n+15550100001,CANARY/with+signs==\n",
        "number,token,observer\n+15550100001,a,CANARYa8f3b2c9d4e5f6a7b8\n",
        "number,token,api_token\n+15550100001,a,CANARY\n",
        "number,token,PIN value\n+15550100001,a,604180\n",
    ])
    func `a list with a secret is refused, and the secret is not shown`(_ list: String) {
        let reading = read(list)
        let text = reading.rendered(color: false)
        #expect(reading.value == nil)
        #expect(text.contains("secret"))
        #expect(!text.contains("CANARY") && !text.contains("604180"))
    }

    @Test func `the columns are the keys of an entry in the schema and in the reader`() throws {
        let entry = try #require(try SchemaTests.schema().root["$defs"]?["entry"]?["properties"])
        guard case .object(let members) = entry else { throw TestFailure() }
        #expect(members.keys.sorted() == EntryKey.allCases.map(\.rawValue).sorted())
        guard case .object(let defaults) = try SchemaTests.schema().root["properties"]?["defaults"]?["properties"]
        else { throw TestFailure() }
        #expect(defaults.keys.sorted() == DefaultKey.allCases.map(\.rawValue).sorted())
    }

    struct TestFailure: Error {}

    @Test(arguments: 0..<100) func `any list of valid rows imports, whatever its quoting`(_ seed: UInt64) throws {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
        func next(_ bound: UInt64) -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return (state >> 11) % bound
        }
        let delimiter = next(2) == 0 ? "," : ";"
        let ending = next(2) == 0 ? "\r\n" : "\n"
        func field(_ text: String) -> String {
            let mustQuote = text.contains(where: { "\",;".contains($0) })
            guard mustQuote || next(3) == 0 else { return text }
            return "\"" + text.replacing("\"", with: "\"\"") + "\""
        }
        let labels = ["", "plain", "a, b", "c; d", "\"quoted\"", "# no comment", "yes", "123", "key: value", "ünï"]
        let rows = (0..<(1 + next(20))).map { index in
            let label = Int(index) < labels.count ? labels[Int(index)] : ""
            return [field("+1555010\(1000 + index)"), field("t\(index)"), field(label)].joined(separator: delimiter)
        }
        let list =
            (["number", "token", "label"].joined(separator: delimiter) + ending) + rows.joined(separator: ending)
        let reading = read(list)
        let imported = try #require(reading.value, "\(reading.rendered(color: false))\n\(list)")
        let numbers = DesiredStateReader.read(bytes: Array(imported.text.utf8), file: "x").value?.numbers
        #expect(numbers?.count == rows.count)
        for (index, label) in labels.enumerated() where index < rows.count {
            #expect(numbers?[index].label == (label.isEmpty ? nil : label))
        }
    }
}
