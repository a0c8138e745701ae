import ConfigFile
import Foundation
import Planning
import SimulatedVendor
import Testing

@testable import Daemon

/// The part of `doctor` that asks the observers, against a simulated vendor.
@Suite("doctor and observers")
struct DoctorObserverTests {
    /// Makes a vendor that knows the numbers from +15550100001 by the ids from 1, and a doctor that asks it.
    private func make(
        _ count: Int
    ) async throws -> (vendor: SimulatedVendor, doctor: Doctor, secrets: SecretSources, entries: [DesiredNumber]) {
        let numbers = (1...count).map { "+1555010\(String(format: "%04d", $0))" }
        var options = SimulatedVendor.Options()
        options.numbers = numbers.enumerated().map {
            SimulatedNumber(id: "\($0 + 1)", number: $1, token: "secret-token", state: .on(pin: "604181"))
        }
        let vendor = try await SimulatedVendor(options)
        var settings = Settings()
        settings.secrets = "/nonexistent/secrets.yaml"
        let environment = ["TWOSTEPD_TOKEN_SEES": "secret-token", "TWOSTEPD_TOKEN_REVOKED": "revoked-token"]
        let secrets = try #require(SecretSources.read(settings: settings, environment: environment).value)
        let entries = try numbers.enumerated().map { index, text in
            DesiredNumber(
                number: try #require(PhoneNumber(text)), tokenName: "own-\(index)",
                phoneNumberID: PhoneNumberID("\(index + 1)"),
                observer: Observer(tokenName: "sees", endpoint: .url(vendor.whatsappURL)))
        }
        let doctor = Doctor(
            settings: settings, settingsPath: "/nonexistent/twostepd.yaml", environment: environment,
            now: SystemClock().now())
        return (vendor, doctor, secrets, entries)
    }

    private func state(_ entries: [DesiredNumber]) -> DesiredState {
        DesiredState(numbers: entries, sha256: String(repeating: "0", count: 64), source: "test")
    }

    @Test func `ids that belong to their numbers are well, and at most 20 are asked about, which the text says`()
        async throws
    {
        let (vendor, doctor, secrets, entries) = try await make(25)
        let findings = await doctor.observers(state(entries), secrets)
        #expect(findings.map(\.level) == [.ok])
        #expect(
            findings[0].detail.value == "ids that belong to their numbers: 20 of 20; 5 more were not asked about")
        #expect(vendor.looks.count == 20 && vendor.requests.isEmpty)
        try await vendor.stop()
    }

    @Test func `an id of another number, a revoked token and a missing one are failures that say what to do`()
        async throws
    {
        var (vendor, doctor, secrets, entries) = try await make(25)
        entries[2].phoneNumberID = PhoneNumberID("4")
        for index in 22...23 { entries[index].observer?.tokenName = "revoked" }
        entries[24].observer?.tokenName = "missing"
        let findings = await doctor.observers(state(entries), secrets)
        #expect(findings.map(\.level) == [.ok, .failure, .failure, .failure])
        let details = findings.compactMap(\.detail.value)
        #expect(details[0] == "ids that belong to their numbers: 16 of 20; 5 more were not asked about")
        #expect(
            details[1].hasPrefix("+15550100003: ")
                && details[1].contains("phone_number_id 4 belongs to +15550100004, not to +15550100003"), "\(details)")
        #expect(details[2].hasPrefix("+15550100023 and 1 more: ") && details[2].contains("HTTP 401, status 190"))
        #expect(details[3].hasPrefix("+15550100025: ") && details[3].contains("the token cannot be read"))
        #expect(findings.dropFirst().allSatisfy { $0.advice.value != nil })
        #expect(findings[2].advice.value?.contains("token revoked") == true)
        #expect(!details.contains { $0.contains("secret-token") || $0.contains("revoked-token") })
        try await vendor.stop()
    }

    @Test func `an observer that is down is a warning, and a fleet without observers is asked about nothing`()
        async throws
    {
        let (vendor, doctor, secrets, entries) = try await make(3)
        vendor.setLookFaults([.serverErrorAfter: 1])
        #expect(await doctor.observers(state(entries), secrets).map(\.level) == [.ok, .warning])
        let looks = vendor.looks.count
        let plain = entries.map { entry in
            var entry = entry
            entry.observer = nil
            return entry
        }
        for desired in [state(plain), nil] {
            #expect(await doctor.observers(desired, secrets).map(\.level) == [.ok])
        }
        #expect(vendor.looks.count == looks)
        try await vendor.stop()
    }
}
