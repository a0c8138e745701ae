import ConfigFile
import Planning
import Testing

@Suite struct ReferenceTests {
    private let text = """
        version: 1
        numbers:
          - {number: "+15550100001", token: nowhere}
          - {number: "+15550100002", token: sales-eu, pin: nowhere}
        """

    private func read(_ secrets: (any SecretLookup)?, _ check: ReferenceCheck) -> Reading<DesiredState> {
        DesiredStateReader.read(bytes: Array(text.utf8), file: "f.yaml", secrets: secrets, references: check)
    }

    @Test func `without a check no name is followed`() {
        #expect(read(FixtureSecrets(), .none).problems == [])
        #expect(read(nil, .none).value?.numbers.count == 2)
    }

    @Test func `a machine without secrets gets one warning that says where was looked`() {
        let reading = read(FixtureSecrets(isAvailable: false), .warnIfNoSource)
        #expect(reading.value != nil)
        #expect(reading.problems.count == 1)
        #expect(reading.problems.first?.severity == .warning)
        #expect(reading.problems.first?.message.contains("looked in the fixture") == true)
        #expect(read(nil, .warnIfNoSource).problems.map(\.severity) == [.warning])
    }

    @Test func `with a source each name that it lacks is an error`() {
        let reading = read(FixtureSecrets(), .warnIfNoSource)
        #expect(reading.problems.map(\.line) == [3, 4])
        #expect(reading.problems.allSatisfy { $0.severity == .error })
    }

    @Test func `a required name is an error even without any source`() {
        #expect(read(FixtureSecrets(isAvailable: false), .required).errors.count == 2)
        #expect(read(nil, .required).errors.count == 3)
    }
}
