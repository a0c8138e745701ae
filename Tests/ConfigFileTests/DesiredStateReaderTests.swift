import ConfigFile
import Foundation
import Planning
import Testing

@Suite struct DesiredStateReaderTests {
    @Test(arguments: Fixtures.names)
    func `each fixture gives exactly the problems beside it`(_ name: String) throws {
        let reading = try Fixtures.read(name)
        let rendered = (reading.problems.isEmpty ? "no problems" : reading.rendered(color: false)) + "\n"
        let golden = Fixtures.folder.appending(path: name + ".expected")
        if Fixtures.isRecording { try Data(rendered.utf8).write(to: golden) }
        #expect(try String(contentsOf: golden, encoding: .utf8) == rendered)
        #expect((reading.value == nil) == reading.problems.contains { $0.severity == .error })
        #expect((reading.value != nil) == (name.hasPrefix("valid") || name.hasPrefix("warning")))
        #expect(!rendered.contains("CANARY") && !rendered.contains("907856"), "a secret is shown")
    }
}
