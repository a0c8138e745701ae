import Exploration
import Glibc

extension SimulationCommand {
    /// Walks everything that the tests walk, and stops at the first walk that finds what must not be.
    ///
    /// - Returns: the exit status.
    static func explore() -> Int32 {
        for exploration in Exploration.all {
            print("begin \(exploration)")
            fflush(nil)
            do {
                if let complaint = try exploration.run(report: { print($0) }).first {
                    print("failed \(complaint)")
                    return 1
                }
            } catch {
                print("failed explorer: \(exploration) cannot be walked: \(error)")
                return 1
            }
        }
        return 0
    }
}
