import Exploration
import Glibc

/// Walks one part of the exploration: `scripts/mutate.sh` runs as many of these at once as there are processors.
@main
struct ExplorationCommand {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        let walks = Exploration.all
        if arguments.first == "--count", arguments.count == 1 {
            print(walks.count)
            exit(0)
        }
        let numbers = arguments.map { Int($0) ?? -1 }
        guard numbers.allSatisfy(walks.indices.contains) else {
            print("usage: exploration [NUMBER]...\n       exploration --count")
            exit(64)
        }
        for number in numbers.isEmpty ? Array(walks.indices) : numbers {
            // After a trap this line is the last one and names the walk.
            print("begin \(walks[number])")
            fflush(nil)
            do {
                if let complaint = try walks[number].run(report: { print($0) }).first {
                    print("failed \(complaint)")
                    exit(1)
                }
            } catch {
                print("failed explorer: \(walks[number]) cannot be walked: \(error)")
                exit(1)
            }
        }
    }
}
