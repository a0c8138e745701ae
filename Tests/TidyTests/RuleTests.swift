import Testing

/// Each rule finds a planted mistake, names its line, and ignores text that only resembles it.
@Suite("Each rule finds what is planted")
struct RuleTests {
    private func planning(_ text: String) -> SourceFile { file("Sources/Planning/X.swift", text) }

    private func file(_ path: String, _ text: String) -> SourceFile { SourceFile(path: path, text: text) }

    private func lines(_ findings: [Finding]) -> [Int] { findings.map(\.line) }

    // MARK: - Size

    @Test func `a file of 501 lines, unless it says why`() {
        let long = String(repeating: "let a = 1\n", count: 501)
        #expect(lines(SizeRules.files(SourceFile(path: "a.swift", text: long))) == [501])
        #expect(SizeRules.files(SourceFile(path: "a.swift", text: String(long.dropFirst(10)))) == [])
        let explained = "// Long because it is a table.\n" + long
        #expect(SizeRules.files(SourceFile(path: "a.swift", text: explained)) == [])
    }

    // MARK: - Words

    @Test(arguments: [
        #"let a = "\(count) numbers wait""#, #"print("\(state.numbers.count) PINs")"#,
        #"let a = "and \(more) more problems""#, #"let a = count == 1 ? "1 number" : "\(count) numbers""#,
        #"let a = "error\(errors == 1 ? "" : "s") found""#,
    ])
    func `a count whose noun is always plural, and a plural that is made by hand`(_ line: String) {
        #expect(lines(CountRules.plurals(planning("let b = 1\n\(line)"))) == [2])
    }

    @Test(arguments: [
        #"let a = "\(count.counted("number")) wait""#, #"let a = "\(Self.maxShown) numbers""#,
        #"let a = "\(number) changes faster""#, "/// as in \"\\(count) numbers\"",
    ])
    func `a count that knows the singular, a constant, and what is no count`(_ line: String) {
        #expect(CountRules.plurals(planning(line)) == [])
    }

    // MARK: - The core

    @Test func `an import in Planning, and in the engine one that is not Planning`() {
        #expect(lines(CoreRules.imports(planning("// import A\n\nimport Foundation"))) == [3])
        let engine = "import Planning\npublic import Dispatch"
        #expect(lines(CoreRules.imports(file("Sources/Reconciler/Engine.swift", engine))) == [2])
        #expect(CoreRules.imports(file("Sources/Reconciler/WakeTimer.swift", engine)) == [])
        #expect(CoreRules.imports(file("Sources/Storage/A.swift", engine)) == [])
    }

    @Test(arguments: [
        "let a = Date()", "let a = Date.now", "f(.now)", "f(deadline: .now() + 1)", "let a = ContinuousClock.now",
        "let a = ContinuousClock()", "Int.random(in: 0..<3)", "a.shuffled()", "a.randomElement()", "let a = UUID()",
        "var a = SystemRandomNumberGenerator()", "clock_gettime(CLOCK_REALTIME, &a)",
        "try await Task.sleep(for: a)",
        "let a = time(nil)", "f(\"\\(Date())\")",
    ])
    func `a look at the clock and a throw of dice`(_ code: String) {
        #expect(lines(CoreRules.clockAndDice(planning("\n" + code))) == [2])
        #expect(CoreRules.clockAndDice(file("Sources/Daemon/X.swift", code)) == [])
    }

    @Test(arguments: [
        "f(now: now)", "let a = situation.now", "Int.random(in: 0..<3, using: &random)",
        "a.shuffled(using: &random)",
        "// Date()", "f(\"Date()\")", "Date(timeIntervalSince1970: 3)", "func now() -> Instant",
        "time(fields, .settleDelay)",
    ])
    func `time and chance that were handed in are no finding`(_ code: String) {
        #expect(CoreRules.clockAndDice(planning(code)) == [])
    }

    @Test func `an edge that looks at no clock any more`() {
        let findings = CoreRules.needlessEdges([file("Sources/Storage/CommitQueue.swift", "let a = 1")])
        #expect(findings.map(\.path) == CoreRules.edges.keys.sorted())
    }

    @Test func `print outside of the command line, and nothing else of that name`() {
        let code = "print(1)\nConsole.print(2)\nfunc print() {}\n// print(3)\ndebugPrint(4)"
        #expect(lines(CoreRules.printing(file("Sources/Daemon/X.swift", code))) == [1, 5])
        #expect(CoreRules.printing(file("Sources/twostepd/X.swift", code)) == [])
    }

    @Test(arguments: [
        "ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)",
        "group: .singletonMultiThreadedEventLoopGroup",
        "NIOSingletons.groupLoopCountSuggestion = 1",
    ])
    func `threads that a library shares out, one a processor`(_ code: String) {
        #expect(lines(CoreRules.sharedThreads(file("Sources/Daemon/X.swift", "\n" + code))) == [2])
    }

    @Test(arguments: [
        "HTTPVendorClient()", "MultiThreadedEventLoopGroup(numberOfThreads: 1)", "// EventLoops.singleton",
    ])
    func `threads of our own are no finding`(_ code: String) {
        #expect(CoreRules.sharedThreads(file("Sources/Daemon/X.swift", code)) == [])
    }

    // MARK: - Files

    @Test(arguments: [
        "let a = open(path, O_RDONLY | O_CLOEXEC)", "guard fsync(a) == 0 else { return }", "Glibc.rename(a, b)",
        "if mkdir(path, 0o700) == 0 {", "inotify_init1(0)", "lstat(path, &status)", "link(a, b)",
    ])
    func `an act with files outside of their room`(_ code: String) {
        let file = { (target: String) in SourceFile(path: "Sources/\(target)/X.swift", text: "\n" + code) }
        #expect(lines(FileRules.calls(file("Storage"))) == [2])
        #expect(FileRules.calls(file("Files")) == [])
    }

    @Test(arguments: [
        "// fsync(a)", "try open(bytes)", "store.open(at: location)", "func rename(_ a: String) {}", "a.link(b)",
        "status(of: a)", "import Glibc", "public import Dispatch",
    ])
    func `what only has such a name is no act with files, and is no import of ours`(_ code: String) {
        #expect(FileRules.calls(SourceFile(path: "Sources/Storage/X.swift", text: code)) == [])
        #expect(FileRules.imports(SourceFile(path: "Sources/Files/X.swift", text: code)) == [])
    }

    @Test func `an import of ours in the room of files`() {
        let text = "import Glibc\npublic import Planning\n"
        #expect(lines(FileRules.imports(SourceFile(path: "Sources/Files/X.swift", text: text))) == [2])
        #expect(FileRules.imports(SourceFile(path: "Sources/Daemon/X.swift", text: text)) == [])
    }
}
