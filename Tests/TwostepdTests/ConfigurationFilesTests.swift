import ConfigFile
import Foundation
import Planning
import Reconciler
import Storage
import Testing

@testable import Daemon

/// A file that is not read again must be unchanged.
@Suite("Files that are not read twice")
struct ConfigurationFilesTests {
    /// A clock that is `by` ahead of the machine's: at an hour, files seem to have rested; at a negative value, they
    /// seem to have been written just now.
    private struct Shifted: WallClock {
        let by: Duration
        func now() -> Instant { SystemClock().now().advanced(by: by) }
    }

    private let rig: Rig
    private let settings: Settings
    private let marker: TokenMarker
    private let location: StoreLocation

    init() async throws {
        rig = try await Rig(Rig.fleet(2))
        settings = try #require(SettingsReader.read(path: rig.config.path).value)
        location = StoreLocation(directory: settings.stateDirectory)
        try location.prepareDirectory()
        let store = try Store.open(at: location, key: try SealingKey.generate(file: location.key))
        marker = try store.reader.tokenMarker()
        try store.close()
    }

    private func files(_ clock: any WallClock) -> ConfigurationFiles {
        ConfigurationFiles(settings: settings, environment: [:], clock: clock)
    }

    /// Replaces a file with a new one, as an editor does.
    private func replace(_ file: String, _ change: (String) -> String) throws {
        let url = URL(filePath: file)
        let text = try String(contentsOf: url, encoding: .utf8)
        try Data(change(text).utf8).write(to: url, options: .atomic)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
    }

    @Test func `secrets are read again when their file is another, and only then`() throws {
        let files = files(Shifted(by: .seconds(3600)))
        #expect(files.readSecrets().value != nil)
        #expect(files.queue.sync { files.read(with: marker) }.hasSameSecrets)
        try replace(settings.secrets) { $0 + "# another\n" }
        let content = files.queue.sync { files.read(with: marker) }
        #expect(!content.hasSameSecrets && content.secrets.value != nil && content.state.value != nil)
        #expect(files.queue.sync { files.read(with: marker) }.hasSameSecrets)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: settings.secrets)
        let open = files.queue.sync { files.read(with: marker) }
        #expect(open.secrets.value == nil, "a change of the mode is a change")
    }

    @Test func `what was written a moment ago is read again: the next write may not show in its times`() throws {
        let files = files(Shifted(by: .seconds(-60)))
        try replace(settings.secrets) { $0 + "# just now\n" }
        _ = files.readSecrets()
        #expect(!files.queue.sync { files.read(with: marker) }.hasSameSecrets)
        #expect(!files.queue.sync { files.areUnchanged(since: "") })
    }

    @Test func `a desired state that was read ahead is taken as it was, and not when the file has changed since`()
        throws
    {
        let files = files(Shifted(by: .seconds(3600)))
        _ = files.readSecrets()
        files.readAhead(at: location)
        let first = try #require(files.queue.sync { files.read(with: marker) }.state.value)
        #expect(first.numbers.count == 2 && first.numbers.allSatisfy { $0.tokenMark?.count == 16 })
        files.readAhead(at: location)
        files.queue.sync {}
        try replace(settings.desiredState) { $0 + "# changed\n" }
        let second = try #require(files.queue.sync { files.read(with: marker) }.state.value)
        #expect(second.sha256 != first.sha256 && second.numbers == first.numbers)
    }

    @Test func `nothing is unchanged but the same content with the same secrets`() throws {
        let files = files(Shifted(by: .seconds(3600)))
        _ = files.readSecrets()
        let sha256 = try #require(files.queue.sync { files.read(with: marker) }.state.value?.sha256)
        #expect(files.queue.sync { files.areUnchanged(since: sha256) })
        try replace(settings.desiredState) { $0 + "# changed\n" }
        #expect(!files.queue.sync { files.areUnchanged(since: sha256) })
        try replace(settings.desiredState) { $0.replacingOccurrences(of: "# changed\n", with: "") }
        #expect(files.queue.sync { files.areUnchanged(since: sha256) }, "it is the content that counts")
        try replace(settings.secrets) { $0 + "# another\n" }
        #expect(!files.queue.sync { files.areUnchanged(since: sha256) })
        try FileManager.default.removeItem(atPath: settings.desiredState)
        #expect(!files.queue.sync { files.areUnchanged(since: sha256) })
    }
}
