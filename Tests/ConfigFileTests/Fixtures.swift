import ConfigFile
import Foundation
import Planning

/// The files under `Fixtures`, one for each mistake, with the expected problems in a `.expected` file beside each.
///
/// After an intended change of messages, run the tests with `TWOSTEPD_RECORD_FIXTURES=1` and review the difference.
enum Fixtures {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
    static let repository = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../..").standardized

    static let names: [String] = {
        // Without the folder there are no names, and the tests fail for that reason.
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(".yaml".count)) }.sorted()
    }()

    static var isRecording: Bool { ProcessInfo.processInfo.environment["TWOSTEPD_RECORD_FIXTURES"] == "1" }

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appending(path: name + ".yaml")))
    }

    /// Reads a fixture as the file `NAME.yaml`; those about references get ``FixtureSecrets``.
    static func read(_ name: String) throws -> Reading<DesiredState> {
        let followsReferences = name.contains("reference")
        return DesiredStateReader.read(
            bytes: try bytes(name), file: name + ".yaml", secrets: followsReferences ? FixtureSecrets() : nil,
            references: followsReferences ? .required : .none)
    }
}
