import Planning
import Reconciler
import Testing

@testable import Daemon

@Suite("The line of systemctl status", .inTurn)
struct DaemonStatusTests {
    private static let adopted = EngineReport.desiredState(
        .adopted(
            Adoption(revision: 7, difference: DesiredStateDifference(), sha256: String(repeating: "a", count: 64))))
    private func held() -> EngineReport {
        let weakening = Weakening(managed: 10, disabled: 3, dropped: 0, maximumPercent: 20)
        return .desiredState(.held(HeldState(sha256: String(repeating: "b", count: 64), reason: .weakening(weakening))))
    }

    private func status(_ reports: EngineReport...) -> DaemonStatus {
        var status = DaemonStatus()
        status.isReady = true
        status.isValid = true
        for report in reports {
            let isNews = status.handle(report)
            #expect(isNews)
        }
        return status
    }

    @Test func `it names the revision in force once there is one`() {
        #expect(status().line == "ready")
        #expect(status(Self.adopted).line == "revision 7 is in force")
    }

    @Test func `a store that fails comes before everything else, and is forgotten when it works`() {
        var status = status(Self.adopted, .store(.failed("disk full", retryAt: .distantPast)))
        status.isValid = false
        #expect(status.line == "the store is failing, nothing is sent: disk full")
        let news1 = status.handle(.store(.recovered))
        #expect(news1)
        #expect(status.line == "the desired state is not valid; revision 7 stays in force")
    }

    @Test func `an invalid file in a store without a desired state keeps none in force`() {
        var status = status()
        status.isValid = false
        #expect(status.line == "the desired state is not valid; none is in force and nothing is sent")
    }

    @Test func `an invalid file stays told while an endpoint goes and comes back`() {
        var status = status(Self.adopted, .guardChanged(.endpointDown(Account(text: "v4"), Outcome(.timeout))))
        status.isValid = false
        #expect(status.line == "\(status.invalid); endpoint \(Endpoint.v4.text) is down: it is probed")
        let news2 = status.handle(.guardChanged(.endpointUp(Account(text: "v4"), since: .distantPast)))
        #expect(news2)
        #expect(status.line == status.invalid)
    }

    @Test func `a held file is told with the command that takes it, until another is in force`() {
        var status = status(Self.adopted, held())
        #expect(status.line.hasPrefix("the desired state is held: it would disable 3 of 10 managed numbers"))
        #expect(status.line.hasSuffix("twostepd accept bbbbbbbbbbbb"))
        let news3 = status.handle(Self.adopted)
        #expect(news3)
        #expect(status.line == "revision 7 is in force")
    }

    @Test func `what concerns single numbers does not change it`() {
        var status = status(Self.adopted)
        let news4 = status.handle(.guardChanged(.exposurePermitted(2)))
        #expect(!news4)
        let news5 = status.handle(.guardChanged(.clockRight))
        #expect(!news5)
        #expect(status.line == "revision 7 is in force")
    }
}
