import Exploration
import Glibc

extension SimulationCommand {
    /// Walks one of so many parts of everything, and stops at the first walk that finds what must not be.
    ///
    /// - Parameters:
    ///   - part: which part, 0 to `parts` - 1.
    ///   - parts: how many there are, so that each processor has one.
    /// - Returns: the exit status.
    static func explore(part: Int, of parts: Int) -> Int32 {
        for (index, exploration) in Exploration.all.enumerated() where index % parts == part {
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
