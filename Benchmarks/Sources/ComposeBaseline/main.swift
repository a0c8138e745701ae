// Loads a YAML file into Yams' tree of nodes and does nothing with it: what reading a file costs at least that way.
import Foundation
import Yams

guard CommandLine.arguments.count == 2 else {
    FileHandle.standardError.write(Data("usage: ComposeBaseline FILE\n".utf8))
    exit(64)
}
let text = try String(contentsOfFile: CommandLine.arguments[1], encoding: .utf8)
let clock = ContinuousClock()
let start = clock.now
let root = try Yams.compose(yaml: text)
let numbers = root?["numbers"]?.sequence?.count ?? 0
print("\(numbers) numbers composed in \(start.duration(to: clock.now))")
