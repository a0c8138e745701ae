import ArgumentParser
import ConfigFile
import Daemon
import Files
import Planning
import SimulatedVendor
import Storage
import Testing

@testable import twostepd

/// Every error that a command can end with, and the exit code that the README promises for it.
@Suite("Errors and exit codes")
struct FailureTests {
    private static let number = PhoneNumber("+15550101001")

    /// Errors at the start of a process that works on the store after which the store, the key or the settings have to
    /// be corrected.
    private static let uncorrected: [StorageError] =
        [
            .permissions(path: "/p", problem: "x"), .corrupted(path: "/p", problem: "x"), .replaced(path: "/p"),
            .readOnly(path: "/p"), .io(path: "/p", operation: "open", problem: "x"),
            .database(path: "/p", code: 1, problem: "x"), .newerSchema(path: "/p", migrations: ["m"]),
            .olderSchema(path: "/p"), .developmentSchema(path: "/p"), .wrongKey(needed: "a", have: "b"),
            .keyNeeded(path: "/p", id: nil), .keyMalformed(source: "/p"), .keyExists(path: "/p"),
            .unreadableRow(table: "t", key: "k", column: "c"), .conflict(problem: "x"),
            .mismatch(number: number, problem: "x"), .queueFull(waiting: 2),
        ]
        + (number.map {
            [.outdated(number: $0), .sealedPINUnreadable(number: $0, generation: 1, keyID: "a", problem: "x")]
        } ?? [])

    /// Errors after which the next try may succeed.
    private static let failed: [StorageError] = [
        .noStore(path: "/p"), .lockHeld(directory: "/p", holder: LockHolder(pid: 1, since: nil, command: "run")),
        .diskFull(path: "/p"), .busy(path: "/p"), .pruneRefused(problem: "x"),
    ]

    private func check(_ error: any Error, _ code: Int32, _ message: String) throws {
        let failure = try #require(CommandFailure(error))
        #expect(failure.code == code, "\(error)")
        #expect(failure.message == message)
    }

    @Test func `an error of the store is a failure to commands that read, and may keep others from starting`() throws {
        for (errors, code) in [(Self.uncorrected, Int32(78)), (Self.failed, 1)] {
            for error in errors {
                try check(error, 1, error.description)
                try check(StartupError.store(error), code, error.description)
            }
        }
    }

    @Test func `what keeps a start from happening`() throws {
        try check(StartupError.configuration("x"), 78, "x")
        try check(StartupError.unavailable("x"), 1, "x")
    }

    @Test func `what a daemon answers, or that there is none`() throws {
        let none = ControlClient.Failure.noDaemon(path: "/p")
        try check(none, 69, none.description)
        let apply = LockHolder(pid: 7, since: nil, command: "apply")
        let absent: [(ControlClient.Failure, String)] = [
            (
                .storeHeld(path: "/p", directory: "/d", apply),
                "another process works on /d (apply, pid 7); wait until it has ended"
            ),
            (
                .storeHeld(path: "/p", directory: "/d", LockHolder(pid: 7, since: nil, command: "run")),
                "the daemon that works on /d (run, pid 7) does not answer at /p: compare runtime_directory"
            ), (.forbidden(path: "/p"), "use sudo"), (.ended(path: "/p"), "may have carried out the request"),
        ]
        for (error, words) in absent {
            try check(error, 69, error.description)
            #expect(error.description.contains(words), "\(error)")
        }
        let silent = ControlClient.Failure.noAnswer(path: "/p", problem: "x")
        try check(silent, 1, silent.description)
        try check(ControlClient.Failure.refused("x", exitCode: 78), 78, "x")
        try check(ControlClient.Failure.refused("x", exitCode: 1), 1, "x")
    }

    @Test func `files that a command reads or writes`() throws {
        let errors: [FileError] = [
            .missing(path: "/p"), .exists(path: "/p"), .notRegular(path: "/p", .directory),
            .tooLarge(path: "/p", limit: 1), .changedWhileRead(path: "/p"), .foreignOwner(path: "/p", owner: 1),
            .openToOthers(path: "/p", mode: 0o644), .invalidPath(path: "/p"), .refused(.write, path: "/p", code: 28),
        ]
        for error in errors { try check(error, 1, error.description) }
    }

    @Test func `secrets that cannot be had are a mistake of the configuration`() throws {
        let errors: [SecretError] = [
            .notFound(.token, name: "a", searched: "x"), .invalid(.pin, name: "a", origin: "x", reason: "x"),
            .unreadable(name: "a", origin: "x", reason: "x"), .invalidName(.token),
        ]
        for error in errors { try check(error, 78, error.description) }
    }

    @Test func `options of the simulation are the command line's`() throws {
        let errors: [SimulationError] = [
            .semantics("x"), .state("x"), .token("x"), .fault("x"), .probability("x"), .sumOfProbabilities(2),
            .address("x"), .number("x"), .unknown("x"), .taken("x"), .limit(5),
        ]
        for error in errors { try check(error, 64, error.description) }
    }

    @Test func `what a command says itself`() throws {
        try check(CommandFailure.failed("x"), 1, "x")
        try check(CommandFailure.usage("x"), 64, "x")
        try check(CommandFailure.noDaemon("x"), 69, "x")
        try check(CommandFailure.configuration("x"), 78, "x")
    }

    @Test func `the command line's own errors are its parser's, and anything else exits with 1`() {
        struct Other: Error {}
        let usage = #expect(throws: (any Error).self) { try Twostepd.parseAsRoot(["status", "--nonsense"]) }
        let help = #expect(throws: (any Error).self) { try Twostepd.parseAsRoot(["--version"]) }
        for (error, code) in [(usage, Int32(64)), (help, 0), (Other(), 1)] {
            guard let error else { continue }
            #expect(CommandFailure(error) == nil)
            #expect(Twostepd.exitCode(for: error).rawValue == code)
        }
    }
}
