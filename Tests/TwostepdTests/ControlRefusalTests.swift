import ConfigFile
import HTTPTypes
import Planning
import Reconciler
import Storage
import Testing

@testable import Daemon

/// Every error that a request on the control socket can end with: the answer, and the command's exit code.
@Suite("Errors and answers on the control socket")
struct ControlRefusalTests {
    private func check(_ error: any Error, _ message: String, status: Int = 200, exitCode: Int32 = 1) {
        let answer = ControlMessage.Answer(error)
        #expect(!answer.done && answer.at == nil)
        #expect(answer.message == message)
        #expect(answer.exitCode == exitCode, "\(message)")
        #expect(LocalServer.Reply.refusal(error).status.code == status, "\(message)")
    }

    @Test func `what cannot be done for this caller, or not now`() {
        check(ControlRefusal.unintelligible, "the request cannot be understood", status: 400)
        check(
            ControlRefusal.otherStore(own: "/a", asked: "/b"), "this daemon works on /a, not on /b", status: 409)
        check(
            ControlRefusal.stopping, "the daemon is stopping: nothing was done; repeat the command when it runs again",
            exitCode: 69)
        check(ControlRefusal.pointless("x"), "x")
        check(ControlRefusal.notAccepted("x"), "x")
    }

    @Test func `a desired state that is not valid exits with 78, as in every command; one that is held does not`()
        throws
    {
        let problems = [
            ConfigProblem(
                file: "/d", line: 1, column: 2, severity: .warning, message: "weak", hint: nil),
            ConfigProblem(file: "/d", line: 3, column: 4, severity: .error, message: "wrong", hint: nil),
        ]
        check(
            ControlRefusal.invalidFiles(problems, inForce: 3),
            "not adopted, revision 3 stays in force: \(problems[1].summary)", exitCode: 78)
        check(
            ControlRefusal.invalidFiles([], inForce: nil),
            "not adopted, none is in force and nothing is sent: it cannot be read",
            exitCode: 78)
        let weakening = Weakening(managed: 9, disabled: 0, dropped: 9, maximumPercent: 20)
        check(
            ControlRefusal.held(HeldState(sha256: String(repeating: "a", count: 64), reason: .weakening(weakening))),
            "held, the last good state stays in force: \(weakening); see `twostepd plan`; to accept it anyway: twostepd accept "
                + String(repeating: "a", count: 12))
    }

    @Test func `a store that fails is named as such, and what was not recorded is not shown`() {
        let full = StorageError.diskFull(path: "/p")
        check(full, "not done: the store is failing: \(full)")
        check(StoreFailure("x"), "not done: x")
        check(ControlRefusal.adoptionFailed(StoreFailure("x")), "the store failed, and is retried: x")
        check(
            ControlRefusal.revealNotRecorded(full), "not recorded, so not shown: the store is failing: \(full)",
            status: 503)
        check(ControlRefusal.revealNotRecorded(StoreFailure("x")), "not recorded, so not shown: x", status: 503)
        check(
            ControlRefusal.revealNotRecorded(ControlRefusal.stopping),
            "not recorded, so not shown: the daemon is stopping: nothing was done; repeat the command when it runs again",
            status: 503)
    }
}
