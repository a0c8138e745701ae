/// Keeps the core pure: no clock, no randomness, no input or output where they are arguments.
///
/// The rules read line by line, without comments after `//` and without text in quotes: formatted source is regular
/// enough for that.
enum CoreRules {
    /// The shell: the targets that act on the world, and so may read the clock and use randomness.
    static let shell: Set = ["Daemon", "twostepd"]

    /// The files of other targets that may do so too, with the reasons.
    static let edges = [
        "Sources/Files/FileWatcher.swift": "it waits until changes are over",
        "Sources/Reconciler/EngineDriver.swift": "it hands time and chance to the engine",
        "Sources/Reconciler/WakeTimer.swift": "it waits on the monotonic clock",
        "Sources/SimulatedVendor/SimulatedVendor.swift": "it records when requests came in",
        "Sources/Storage/CommitQueue.swift": "it measures how long transactions take",
        "Sources/Storage/SealingKey.swift": "it makes keys",
        "Sources/Vendors/HTTP/Client/HTTPConnections.swift": "it has deadlines",
        "Sources/Vendors/HTTP/Client/HTTPConnector.swift": "it has deadlines",
        "Sources/Vendors/HTTP/EndpointProbe.swift": "it has deadlines",
        "Sources/Vendors/HTTP/HTTPVendorClient.swift": "it has deadlines, and reads Retry-After, which may be a date",
    ]

    /// The files of the reconciler that call the system.
    static let drivers: Set = [
        "Sources/Reconciler/EngineDriver.swift", "Sources/Reconciler/WakeTimer.swift",
    ]

    /// Checks that `Planning` imports nothing, and the engine only `Planning`.
    static func imports(_ file: SourceFile) -> [Finding] {
        guard let target = file.target, target == "Planning" || target == "Reconciler", !drivers.contains(file.path)
        else { return [] }
        return file.codeLines.compactMap { number, line in
            guard let module = line.firstMatch(of: #/^(?:@?[a-z]+ )*import (\w+)/#)?.output.1,
                target == "Planning" || module != "Planning"
            else { return nil }
            return Finding(
                path: file.path, line: number,
                message: "imports \(module): the core is the standard library only. Take what it needs as an argument, "
                    + "or do it in the shell")
        }
    }

    static func clockAndDice(_ file: SourceFile) -> [Finding] {
        guard let target = file.target, !shell.contains(target), edges[file.path] == nil else { return [] }
        return uses(file).map { number, what in
            Finding(
                path: file.path, line: number,
                message: "\(what): time and chance are arguments outside of the shell. Take `now` or a generator as a "
                    + "parameter; a file that is at the edge is listed, with the reason, in CoreRules.edges")
        }
    }

    /// Finds edges that no longer use a clock or randomness.
    static func needlessEdges(_ files: [SourceFile]) -> [Finding] {
        edges.keys.sorted().compactMap { path in
            if let file = files.first(where: { $0.path == path }), !uses(file).isEmpty { return nil }
            return Finding(
                path: path, line: 1, message: "uses neither clock nor dice: take it out of CoreRules.edges")
        }
    }

    static func printing(_ file: SourceFile) -> [Finding] {
        guard let target = file.target, target != "twostepd" else { return [] }
        return file.codeLines.compactMap { number, line in
            guard !line.contains("func "), let call = line.firstMatch(of: #/(?:^|[^.\w])((?:print|debugPrint|dump)\()/#)
            else { return nil }
            return Finding(
                path: file.path, line: number,
                message: "\(call.output.1): only the command line prints. Return a value, or report it to the log")
        }
    }

    /// Finds uses of the libraries' shared threads: there are as many as the machine has processors, and the process
    /// ends when their creation fails.
    static func sharedThreads(_ file: SourceFile) -> [Finding] {
        file.codeLines.compactMap { number, line in
            guard line.contains("ingleton"), let use = line.firstMatch(of: #/[.]singleton\w*|NIOSingletons[.]/#)
            else { return nil }
            return Finding(
                path: file.path, line: number,
                message:
                    "\(use.output): as many threads as there are processors. Use EventLoops.group, or a group of a "
                    + "fixed number of threads")
        }
    }

    // MARK: - Clocks and randomness

    /// The words of which every use contains one: the patterns below are too slow to try on each line.
    private static let words = [
        "Date", "UUID", "Clock", "now", "andom", "shuffle", "sleep", "time", "arc4", "rand(",
    ]

    /// Returns the lines that read a clock or use randomness, with what they use.
    private static func uses(_ file: SourceFile) -> [(Int, String)] {
        file.codeLines.compactMap { number, line in
            guard words.contains(where: { line.contains($0) }) else { return nil }
            let made = line.firstMatch(
                of: #/\b(?:(?:Date|UUID|ContinuousClock|SuspendingClock)\(\)|SystemRandomNumberGenerator)/#)
            let now = line.firstMatch(
                of: #/(?:\b(?:Date|(?:Continuous|Suspending)Clock|Dispatch(?:Wall)?Time|NIODeadline)|[( ])\.now\b/#)
            let dice = line.firstMatch(of: #/\.(?:random|randomElement|shuffled|shuffle)\((?!.*using)/#)
            let function = line.firstMatch(
                of: #/(?:^|[^.\w])(?:clock_gettime|gettimeofday|getrandom|arc4random\w*|rand|u?sleep|nanosleep)\(/#)
            let other = line.firstMatch(of: #/\b(?:Task\.sleep\(|time\(nil)/#)
            return (made ?? now ?? dice ?? function ?? other).map { (number, String($0.output)) }
        }
    }
}
