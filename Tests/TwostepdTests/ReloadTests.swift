import ConfigFile
import Foundation
import Glibc
import Logging
import Planning
import Reconciler
import Storage
import Synchronization
import Testing

@testable import Daemon

/// A reload is answered when its reading has a result. A result that arrives before the caller is registered would be
/// lost, and the operator would wait in vain.
@Suite("Who waits for a reload")
struct ReloadTests {
    @Test func `whoever reloads is told of the hand-over before the engine gets what was read`() async throws {
        let rig = try await Rig(Rig.fleet(2))
        let settings = try #require(SettingsReader.read(path: rig.config.path).value)
        let location = StoreLocation(directory: settings.stateDirectory)
        try location.prepareDirectory()
        let store = try Store.open(at: location, key: try SealingKey.generate(file: location.key))
        let secrets = try #require(SecretSources.read(settings: settings, environment: [:]).value)
        let steps = Mutex<[String]>([])
        let (ends, end) = AsyncStream<Void>.makeStream()
        let loader = DesiredStateLoader(
            files: ConfigurationFiles(settings: settings, environment: [:], clock: SystemClock()), settings: settings,
            secrets: SecretsInForce(secrets),
            startFiles: StartFiles(settings, settingsPath: nil, secrets: secrets),
            marker: try store.reader.tokenMarker(),
            commits: CommitQueue(store: store), clock: SystemClock(), logger: Logger(label: "test"),
            post: { event in
                guard case .desiredStateRead = event else { return }
                steps.withLock { $0.append("engine") }
                end.yield()
            })
        loader.load(acceptance: nil) { load in
            guard case .handedOver = load else { return }
            steps.withLock { $0.append("waiting") }
        }
        for await _ in ends { break }
        #expect(steps.withLock { $0 } == ["waiting", "engine"])
        try store.close()
    }

    @Test func `whoever waits for a state that is overtaken is told how the one that overtook it ended`() throws {
        let pendingReplies = PendingReplies()
        let reported = Mutex<[String]>([])
        pendingReplies.expectAdoption(of: "a") { _ in reported.withLock { $0.append("a") } }
        pendingReplies.expectAdoption(of: "b") { _ in reported.withLock { $0.append("b") } }
        pendingReplies.expectAdoption(of: "c") { _ in reported.withLock { $0.append("c") } }
        pendingReplies.completeAdoption(.failure(StoreFailure("test")), sha256: "b")
        #expect(reported.withLock { $0 } == ["a", "b"])
        pendingReplies.completeAdoption(.failure(StoreFailure("test")), sha256: "unknown")
        #expect(reported.withLock { $0 } == ["a", "b"], "a state that nobody waits for answers nobody")
        pendingReplies.completeAdoption(.failure(StoreFailure("test")), sha256: nil)
        #expect(reported.withLock { $0 } == ["a", "b", "c"])
    }

    @Test(.inTurn)
    func `every one of many reloads at once is answered, while the file changes under them, the real binary`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(3))
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        let text = try String(contentsOf: rig.desiredState, encoding: .utf8)
        for round in 1...6 {
            try rig.write(text + "# \(round)\n", to: rig.desiredState)
            let codes = try await withThrowingTaskGroup { group in
                for _ in 1...4 { group.addTask { try await rig.run("reload").code } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(codes == [0, 0, 0, 0])
        }
        daemon.signal(SIGTERM)
        #expect(await daemon.exitCode() == 0)
    }
}
