import Glibc
import Simulation
import Storage

extension SimulationCommand {
    /// The request of `--year NUMBERS DAYS DIR`: a fleet in a new store in DIR.
    struct YearRequest {
        let numbers: Int
        let days: Int
        let folder: String

        init?(_ arguments: [String]) {
            guard arguments.count == 4, arguments[0] == "--year", let numbers = Int(arguments[1]),
                let days = Int(arguments[2]), (1...9_000_000).contains(numbers), (1...3660).contains(days)
            else { return nil }
            self.numbers = numbers
            self.days = days
            folder = arguments[3]
        }
    }

    /// Simulates the fleet, and writes a line every 30 virtual days, and one at the end, of `name=value` pairs:
    /// `cpu_us` and `wall_us` are microseconds for each request, `store` is bytes.
    ///
    /// - Returns: the exit status.
    static func live(_ request: YearRequest) -> Int32 {
        do {
            let location = StoreLocation(directory: request.folder)
            let year = try FleetYear(at: location, numbers: request.numbers, days: request.days, seed: 1)
            let began = (wall: ContinuousClock.now, cpu: processorSeconds())
            var marks = 0
            func tell(_ figures: FleetYear.Figures) {
                let wall = ContinuousClock.now - began.wall
                let seconds = Double(wall.components.seconds) + Double(wall.components.attoseconds) / 1e18
                let cpu = processorSeconds() - began.cpu
                let requests = Double(max(1, figures.requests))
                print(
                    "year numbers=\(request.numbers) day=\(figures.elapsed / 86_400_000) requests=\(figures.requests)",
                    "enables=\(figures.enables) commits=\(figures.commits) pages=\(figures.pages)",
                    "wall=\(rounded(seconds)) cpu=\(rounded(cpu))",
                    "wall_us=\(rounded(seconds * 1e6 / requests)) cpu_us=\(rounded(cpu * 1e6 / requests))",
                    "commits_per_second=\(rounded(Double(figures.commits) / max(seconds, 0.001)))",
                    "store=\(size(of: location.database)) peak=\(peakMemory())")
                fflush(nil)
            }
            try year.run { figures in
                marks += 1
                if marks % 30 == 1 { tell(figures) }
            }
            tell(year.figures)
            return 0
        } catch {
            print("failed \(error)")
            return 1
        }
    }

    private static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }

    private static func usage() -> rusage {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage
    }

    /// Returns the processor time of this process, of programs and kernel, in seconds.
    private static func processorSeconds() -> Double {
        let usage = usage()
        return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
    }

    /// Returns the maximum resident memory, in bytes.
    private static func peakMemory() -> Int { usage().ru_maxrss * 1024 }

    private static func size(of path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }
}
