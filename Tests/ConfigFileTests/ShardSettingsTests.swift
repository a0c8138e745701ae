import Planning
import Testing

@testable import ConfigFile

@Suite struct ShardSettingsTests {
    private func read(_ text: String, _ variable: String? = nil) -> Reading<Settings> {
        SettingsReader.read(
            bytes: Array(text.utf8), file: "/etc/twostepd/twostepd.yaml",
            environment: variable.map { ["TWOSTEPD_SHARD": $0] } ?? [:])
    }

    @Test(
        arguments: [
            ("shard: 0/4", nil, "0/4"), ("shard: \"3/4\"", nil, "3/4"), ("", nil, "0/1"), ("shard: 0/1", nil, "0/1"),
            ("shard: $TWOSTEPD_SHARD", "2/5", "2/5"), ("shard: none", nil, "none"), ("shard: 1/4", "1/4", "1/4"),
            ("", "0/1", "0/1"),
        ] as [(String, String?, String)])
    func `the shard stands in the file, or in the environment when the file says so`(
        _ row: (String, String?, String)
    ) {
        #expect(read(row.0, row.1).value?.shard == Shard(row.2))
    }

    @Test(
        arguments: [
            ("shard: 4/4", nil, "must be i/n"), ("shard: 1", nil, "must be i/n"), ("shard:", nil, "has no value"),
            ("shard: 0.25", nil, "must be i/n"), ("shard: $TWOSTEPD_SHRD", nil, "must be i/n"),
            ("shard: $TWOSTEPD_SHARD", nil, "which is not set"), ("shard: $TWOSTEPD_SHARD", "", "which is not set"),
            ("shard: $TWOSTEPD_SHARD", "5/5", "TWOSTEPD_SHARD must be i/n"),
            // Several instances with one file and no shard in it would all work on all numbers.
            ("", "1/4", "and the settings say shard 0/1"), ("log_level: info", "1/4", "and the settings say shard 0/1"),
            ("shard: 0/4", "1/4", "and the settings say shard 0/4"),
        ] as [(String, String?, String)])
    func `it is never guessed`(_ row: (String, String?, String)) {
        let reading = read(row.0, row.1)
        #expect(reading.value == nil)
        #expect(reading.problems.count == 1)
        #expect(reading.problems.first?.message.contains(row.2) == true, "\(reading.problems)")
    }

    private struct OwnSecrets: SecretLookup {
        let shard: Shard
        let isAvailable = true
        let searched = "a test"
        let knownTokenNames: [String] = []
        let knownPINNames: [String] = []

        func token(named name: String) throws(SecretError) -> Token {
            guard let number = PhoneNumber(name.replacing("t", with: "+")), shard.owns(number),
                let token = Token("value-of-\(name)")
            else { throw .notFound(.token, name: name, searched: searched) }
            return token
        }

        func pin(named name: String) throws(SecretError) -> PIN {
            throw .notFound(.pin, name: name, searched: searched)
        }
    }

    private static func file(_ numbers: [String], more: String = "") -> [UInt8] {
        let entries = numbers.map { "  - {number: \"\($0)\", token: t\($0.dropFirst())}\n" }
        return Array("version: 1\nnumbers:\n\(entries.joined())\(more)".utf8)
    }

    private static let numbers = (0..<200).map { "+1555\(1_000_000 + $0)" }

    @Test func `each shard reads its own numbers and needs its own secrets only; together they are the file`() throws {
        var seen: [PhoneNumber] = []
        for index in 0..<4 {
            let shard = try #require(Shard(index, of: 4))
            let reading = DesiredStateReader.read(
                bytes: Self.file(Self.numbers), file: "f", shard: shard, secrets: OwnSecrets(shard: shard),
                references: .required)
            #expect(reading.problems == [])
            let state = try #require(reading.value)
            #expect(state.shard == shard && state.fleetSize == 200)
            #expect(state.numbers.allSatisfy { shard.owns($0.number) })
            seen += state.numbers.map(\.number)
        }
        #expect(seen.map(\.description).sorted() == Self.numbers.sorted())
        let whole = DesiredStateReader.read(
            bytes: Self.file(Self.numbers), file: "f", secrets: OwnSecrets(shard: try #require(Shard(0, of: 4))),
            references: .required)
        #expect(whole.errors.count > 20, "without a shard every name is followed")
    }

    @Test func `the file is checked as a whole by every shard`() throws {
        let wrong =
            "  - {number: \"\(Self.numbers[7])\", token: other}\n  - {number: \"+15559999999\", token: t15551000000}\n"
        for index in 0..<4 {
            let shard = try #require(Shard(index, of: 4))
            let reading = DesiredStateReader.read(
                bytes: Self.file(Self.numbers, more: wrong), file: "f", shard: shard, secrets: OwnSecrets(shard: shard),
                references: .none)
            #expect(reading.value == nil)
            #expect(reading.errors.count == 2)
        }
    }

    @Test func `a part without numbers is valid, a file without numbers is not`() throws {
        let number = try #require(PhoneNumber(Self.numbers[0]))
        let other = try #require((0..<8).compactMap { Shard($0, of: 8) }.first { !$0.owns(number) })
        let part = DesiredStateReader.read(bytes: Self.file([number.description]), file: "f", shard: other)
        #expect(part.value?.numbers == [] && part.value?.fleetSize == 1)
        #expect(DesiredStateReader.read(bytes: Self.file([]), file: "f", shard: other).value == nil)
    }
}
