import Testing

@testable import SimulatedVendor

@Suite("A simulation's options as they are written")
struct OptionsTests {
    @Test func `tokens are read with their state`() throws {
        #expect(try SimulatedToken(parsing: "a") == SimulatedToken(token: "a", state: .off))
        #expect(try SimulatedToken(parsing: "a=off") == SimulatedToken(token: "a", state: .off))
        #expect(
            try SimulatedToken(parsing: "a=foreign:012345") == SimulatedToken(token: "a", state: .on(pin: "012345")))
        #expect(try SimulatedToken(parsing: "a=on:123456") == SimulatedToken(token: "a", state: .on(pin: "123456")))
    }

    @Test(arguments: ["", "=off", "a=on", "a=foreign", "a=foreign:12345", "a=foreign:12345x", "a=maybe", "a="])
    func `a wrong token or state is named`(_ text: String) {
        #expect(throws: SimulationError.self) { try SimulatedToken(parsing: text) }
    }

    @Test func `numbers of WhatsApp's API are read with token, phone number and state`() throws {
        #expect(try SimulatedNumber(parsing: "106540352242922=T") == SimulatedNumber(id: "106540352242922", token: "T"))
        #expect(
            try SimulatedNumber(parsing: "1=T=foreign:012345")
                == SimulatedNumber(id: "1", token: "T", state: .on(pin: "012345")))
        #expect(
            try SimulatedNumber(parsing: "1+15550100001=T=off")
                == SimulatedNumber(id: "1", number: "+15550100001", token: "T"))
        #expect(try SimulatedNumber(parsing: "1=T=of:secret-1") == SimulatedNumber(id: "1", token: "T", of: "secret-1"))
        #expect(try SimulatedNumber(parsing: "1=T=of:a=b") == SimulatedNumber(id: "1", token: "T", of: "a=b"))
    }

    @Test(arguments: [
        "", "1", "1=", "=T", "a=T", "12345678901234567890=T", "1+=T", "1+a=T", "+1555=T", "1=T=", "1=T=maybe",
        "1=T=foreign:12345",
    ])
    func `a wrong number of WhatsApp's API is named`(_ text: String) {
        #expect(throws: SimulationError.self) { try SimulatedNumber(parsing: text) }
    }

    @Test func `an id of an unknown Picky Assist token, or one that is such a token, is refused`() async {
        var options = SimulatedVendor.Options()
        options.tokens = [SimulatedToken(token: "1")]
        options.numbers = [SimulatedNumber(id: "2", token: "w", of: "t")]
        await #expect(throws: SimulationError.unknown("t")) { try await SimulatedVendor(options) }
        options.numbers = [SimulatedNumber(id: "1", token: "w")]
        await #expect(throws: SimulationError.taken("1")) { try await SimulatedVendor(options) }
    }

    @Test func `faults are read with their probability`() throws {
        let written = try Fault.parse("closeAfter=0.05")
        #expect(written.0 == .closeAfter)
        #expect(written.1 == 0.05)
        let certain = try Fault.parse("hang")
        #expect(certain.0 == .hang)
        #expect(certain.1 == 1)
        for fault in Fault.allCases { #expect(try Fault.parse("\(fault.rawValue)=0").0 == fault) }
    }

    @Test func `a wrong fault or probability is named, with what would be right`() {
        #expect(throws: SimulationError.fault("closeafter")) { try Fault.parse("closeafter=1") }
        for text in ["1.1", "-0.1", "nan", "inf", "5%", ""] {
            #expect(throws: SimulationError.probability(text)) { try Fault.parse("hang=\(text)") }
        }
        #expect(SimulationError.fault("x").description.contains("closeAfter"))
    }

    @Test(arguments: ["", "replace", "accept,replace", "replace,accept,x", "replace, accept"])
    func `a wrong semantics is named`(_ text: String) {
        #expect(throws: SimulationError.semantics(text)) { try VendorSemantics(parsing: text) }
    }

    @Test func `probabilities that add up to more than 1 are refused, not cut`() async {
        var options = SimulatedVendor.Options()
        options.faults = [.hang: 0.6, .html: 0.6]
        await #expect(throws: SimulationError.sumOfProbabilities(1.2)) { try await SimulatedVendor(options) }
    }

    @Test func `a port that is taken is said so`() async throws {
        let vendor = try await SimulatedVendor()
        await #expect(throws: SimulationError.self) { try await SimulatedVendor(port: vendor.port) }
        try await vendor.stop()
    }
}
