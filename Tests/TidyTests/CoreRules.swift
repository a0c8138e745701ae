/// What keeps the core pure: no clock, no dice, no input or output where they are arguments.
enum CoreRules {
    /// The shell: the targets that act on the world, and so may look at the clock and throw dice.
    static let shell: Set = ["Daemon", "twostepd"]

    /// The files of other targets that may, and why.
    static let edges = [
        "Sources/Reconciler/EngineDriver.swift": "it hands time and chance to the engine",
        "Sources/Storage/CommitQueue.swift": "it measures how long transactions take",
        "Sources/Storage/SealingKey.swift": "it makes keys",
        "Sources/VendorAPI/HTTPVendorClient.swift": "it has deadlines, and reads Retry-After, which may be a date",
    ]

    /// The files of the reconciler that touch the system.
    static let drivers: Set = [
        "Sources/Reconciler/EngineDriver.swift", "Sources/Reconciler/WakeTimer.swift",
    ]

    /// `Planning` imports nothing, and the engine nothing but `Planning`.
    static func imports(_ file: SwiftFile) -> [Finding] {
        guard let target = file.file.target, target == "Planning" || target == "Reconciler",
            !drivers.contains(file.path)
        else { return [] }
        return file.tokens.indices.compactMap { position in
            let token = file.tokens[position]
            guard token.kind == .word, token.text == "import", let module = file.source.at(position + 1)?.text,
                target == "Planning" || module != "Planning"
            else { return nil }
            return Finding(
                path: file.path, line: token.line,
                message: "imports \(module): the core is the standard library only. Take what it needs as an argument, "
                    + "or do it in the shell")
        }
    }

    static func clockAndDice(_ file: SwiftFile) -> [Finding] {
        guard let target = file.file.target, !shell.contains(target), edges[file.path] == nil else { return [] }
        return uses(file).map { token, what in
            Finding(
                path: file.path, line: token.line,
                message: "\(what): time and chance are arguments outside of the shell. Take `now` or a generator as a "
                    + "parameter; a file that is at the edge is listed, with the reason, in CoreRules.edges")
        }
    }

    /// An edge that is none any more.
    static func needlessEdges(_ files: [SwiftFile]) -> [Finding] {
        edges.keys.sorted().compactMap { path in
            if let file = files.first(where: { $0.path == path }), !uses(file).isEmpty { return nil }
            return Finding(
                path: path, line: 1, message: "uses neither clock nor dice: take it out of CoreRules.edges")
        }
    }

    static func printing(_ file: SwiftFile) -> [Finding] {
        guard let target = file.file.target, target != "twostepd" else { return [] }
        return file.tokens.indices.compactMap { position in
            let token = file.tokens[position]
            guard token.kind == .word, ["print", "debugPrint", "dump"].contains(token.text),
                file.source.at(position + 1)?.text == "(", ![".", "func"].contains(file.source.at(position - 1)?.text)
            else { return nil }
            return Finding(
                path: file.path, line: token.line,
                message: "\(token.text)(: only the command line prints. Return a value, or report it to the log")
        }
    }

    // MARK: - What looks at the clock or throws dice

    private static let clocks: Set = ["Date", "ContinuousClock", "SuspendingClock", "DispatchTime", "DispatchWallTime"]
    private static let functions: Set = [
        "clock_gettime", "gettimeofday", "getrandom", "arc4random", "arc4random_uniform", "arc4random_buf", "rand",
        "usleep", "nanosleep", "sleep",
    ]

    private static func uses(_ file: SwiftFile) -> [(Token, String)] {
        file.tokens.indices.compactMap { position in
            use(at: position, in: file.source).map { (file.tokens[position], $0) }
        }
    }

    private static func use(at position: Int, in source: SwiftTokens) -> String? {
        let token = source.tokens[position]
        guard token.kind == .word else { return nil }
        let (before, after) = (source.at(position - 1), source.at(position + 1))
        let isCall = after?.text == "(" && after?.isGlued == true
        let isMember = before?.text == "." && before?.kind == .mark
        switch token.text {
        case "Date", "UUID", "ContinuousClock", "SuspendingClock":
            return isCall && source.at(position + 2)?.text == ")" ? "\(token.text)()" : nil
        case "SystemRandomNumberGenerator": return token.text
        case "now" where isMember:
            guard let base = base(ofMemberAt: position, in: source) else { return ".now" }
            return clocks.contains(base) ? "\(base).now" : nil
        case "random" where isMember, "randomElement" where isMember, "shuffled" where isMember,
            "shuffle" where isMember:
            guard isCall else { return nil }
            let arguments = position + 1...source.end(ofBracketAt: position + 1)
            return arguments.contains { source.tokens[$0].text == "using" } ? nil : ".\(token.text)("
        case "time" where isCall && !isMember: return source.at(position + 2)?.text == "nil" ? "time(nil)" : nil
        case "sleep" where isMember: return isCall && base(ofMemberAt: position, in: source) == "Task" ? "sleep" : nil
        default:
            return isCall && !isMember && before?.text != "func" && functions.contains(token.text) ? token.text : nil
        }
    }

    /// What stands before the dot of a member: nil for `.now`, whose type the compiler infers.
    private static func base(ofMemberAt position: Int, in source: SwiftTokens) -> String? {
        guard let dot = source.at(position - 1), let base = source.at(position - 2), dot.isGlued else { return nil }
        if base.kind == .word { return base.text }
        return [")", "]", "}"].contains(base.text) || base.kind == .sign ? base.text : nil
    }
}
