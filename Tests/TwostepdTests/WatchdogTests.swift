import Dispatch
import Foundation
import Logging
import Reconciler
import Storage
import Testing

@testable import ConfigFile
@testable import Daemon

/// Real stores and engines; each daemon that must not be fed is compared with one that is.
@Suite("The service manager's watchdog", .inTurn)
struct WatchdogTests {
    /// An engine and a store with a watchdog of 100 ms, without any number.
    private final class Fed: @unchecked Sendable {
        // Unchecked for the timer alone, which Dispatch lets any thread cancel.
        let socket: NotifySocket
        let reconciliation: Reconciliation
        let flights = InFlightRequests(allowance: .zero)
        private let timer: any DispatchSourceTimer

        init(_ rig: Rig, _ name: String) throws {
            let folder = rig.folder.appendingPathComponent(name)
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            var settings = Settings()
            settings.desiredState = folder.appendingPathComponent("desired-state.yaml").path
            settings.stateDirectory = folder.appendingPathComponent("state").path
            settings.secrets = folder.appendingPathComponent("secrets.yaml").path
            socket = try NotifySocket(path: folder.appendingPathComponent("notify").path)
            reconciliation = try Reconciliation(
                settings: settings, environment: [:], command: "run",
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, onReport: { _ in })
            let notifier = ServiceNotifier(environment: ["NOTIFY_SOCKET": socket.path, "WATCHDOG_USEC": "100000"])
            let watchdog = try #require(
                Watchdog(
                    notifier: notifier, driver: reconciliation.driver, commits: reconciliation.commits,
                    flights: flights))
            timer = watchdog.start(on: DispatchQueue(label: "test.watchdog"))
        }

        var count: Int { socket.received.count { $0 == "WATCHDOG=1" } }

        func end() async {
            timer.cancel()
            await reconciliation.close()
        }
    }

    @Test func `it is not fed while the store hangs, and again when that is over`() async throws {
        let rig = try await Rig(Rig.fleet(1))
        let (healthy, hung) = try (Fed(rig, "healthy"), Fed(rig, "hung"))
        try await rig.wait("both are fed") { healthy.count > 0 && hung.count > 0 }

        let (hangs, goesOn) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        hung.reconciliation.commits.perform({ _ throws(StorageError) in
            hangs.signal()
            goesOn.wait()
        }) { _ in }
        try await rig.wait("the store hangs") { hangs.wait(timeout: .now()) == .success }
        let (before, healthyBefore) = (hung.count, healthy.count)
        try await rig.wait("the other is fed") { healthy.count >= healthyBefore + 5 }
        #expect(hung.count == before)

        goesOn.signal()
        try await rig.wait("it is fed again") { hung.count > before }
        await healthy.end()
        await hung.end()
        try await rig.end()
    }

    @Test func `it is not fed while a request is overdue, and again when it ends`() async throws {
        let rig = try await Rig(Rig.fleet(1))
        let (healthy, hung) = try (Fed(rig, "healthy"), Fed(rig, "hung"))
        try await rig.wait("both are fed") { healthy.count > 0 && hung.count > 0 }

        hung.flights.begin(.question(1))
        hung.flights.begin(.change(1))
        hung.flights.end(.change(1))
        // One probe may be past the check of flights already.
        try await rig.wait("a question goes round") { [count = healthy.count] in healthy.count >= count + 2 }
        let (before, healthyBefore) = (hung.count, healthy.count)
        try await rig.wait("the other is fed") { healthy.count >= healthyBefore + 5 }
        #expect(hung.count == before)

        hung.flights.end(.question(1))
        try await rig.wait("it is fed again") { hung.count > before }
        await healthy.end()
        await hung.end()
        try await rig.end()
    }

    @Test func `a service manager that wants no sign of life gets none`() {
        #expect(ServiceNotifier(environment: ["NOTIFY_SOCKET": "/nowhere"]).watchdogInterval == nil)
        #expect(ServiceNotifier(environment: ["WATCHDOG_USEC": "0"]).watchdogInterval == nil)
        #expect(ServiceNotifier(environment: ["WATCHDOG_USEC": "100", "WATCHDOG_PID": "1"]).watchdogInterval == nil)
        #expect(
            ServiceNotifier(environment: ["WATCHDOG_USEC": "100", "WATCHDOG_PID": "\(getpid())"]).watchdogInterval
                == .microseconds(100))
    }
}
