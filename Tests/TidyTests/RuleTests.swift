import Testing

/// Each rule finds the mistake that is planted, names its line, and leaves alone what only looks like it.
@Suite("Each rule finds what is planted")
struct RuleTests {
    private func planning(_ text: String) -> SwiftFile { SwiftFile(path: "Sources/Planning/X.swift", text) }

    private func lines(_ findings: [Finding]) -> [Int] { findings.map(\.line) }

    // MARK: - Size

    @Test("a file of 501 lines, unless it says why")
    func fileLength() {
        let long = String(repeating: "let a = 1\n", count: 501)
        #expect(lines(SizeRules.files(SourceFile(path: "a.swift", text: long))) == [501])
        #expect(SizeRules.files(SourceFile(path: "a.swift", text: String(long.dropFirst(10)))) == [])
        let explained = "// Long because it is a table.\n" + long
        #expect(SizeRules.files(SourceFile(path: "a.swift", text: explained)) == [])
    }

    @Test(
        "a function of 81 lines, unless it says why",
        arguments: [
            "func a(_ b: () -> Void = {}) -> [Int: String]", "init?(a: Int) throws(E)", "public var a: (Int, Int)",
            "static subscript(a: Int) -> Int", "func a() async throws -> T where T: Sequence",
        ])
    func functionLength(_ head: String) {
        let body = { (count: Int) in "\(head) {\n" + String(repeating: "    f()\n", count: count - 2) + "}\n" }
        #expect(lines(SizeRules.functions(planning("struct S {\n" + body(81) + "}"))) == [2])
        #expect(SizeRules.functions(planning(body(80))) == [])
        #expect(SizeRules.functions(planning("// Long because it is one switch.\n" + body(81))) == [])
    }

    @Test("what has no body has no length: requirements, stored properties, and braces in literals")
    func noBodies() {
        let file = planning(
            "protocol P { func a()\n func b() -> Int\n var c: Int { get } }\nlet d = \"{\"; var e: Int = 1")
        #expect(SizeRules.bodies(in: file).map(\.name) == ["c"])
    }

    // MARK: - The core

    @Test("an import in Planning, and in the engine one that is not Planning")
    func imports() {
        #expect(lines(CoreRules.imports(planning("// import A\n\nimport Foundation"))) == [3])
        let engine = "import Planning\npublic import Dispatch"
        #expect(lines(CoreRules.imports(SwiftFile(path: "Sources/Reconciler/Engine.swift", engine))) == [2])
        #expect(CoreRules.imports(SwiftFile(path: "Sources/Reconciler/WakeTimer.swift", engine)) == [])
        #expect(CoreRules.imports(SwiftFile(path: "Sources/Storage/A.swift", engine)) == [])
    }

    @Test(
        "a look at the clock and a throw of dice",
        arguments: [
            "let a = Date()", "let a = Date.now", "f(.now)", "f(deadline: .now() + 1)", "let a = ContinuousClock.now",
            "let a = ContinuousClock()", "Int.random(in: 0..<3)", "a.shuffled()", "a.randomElement()", "let a = UUID()",
            "var a = SystemRandomNumberGenerator()", "clock_gettime(CLOCK_REALTIME, &a)",
            "try await Task.sleep(for: a)",
            "let a = time(nil)", "f(\"\\(Date())\")",
        ])
    func clockAndDice(_ code: String) {
        #expect(lines(CoreRules.clockAndDice(planning("\n" + code))) == [2])
        #expect(CoreRules.clockAndDice(SwiftFile(path: "Sources/Daemon/X.swift", code)) == [])
    }

    @Test(
        "time and chance that were handed in are no finding",
        arguments: [
            "f(now: now)", "let a = situation.now", "Int.random(in: 0..<3, using: &random)",
            "a.shuffled(using: &random)",
            "// Date()", "f(\"Date()\")", "Date(timeIntervalSince1970: 3)", "func now() -> Instant",
            "time(fields, .settleDelay)",
        ])
    func arguments(_ code: String) {
        #expect(CoreRules.clockAndDice(planning(code)) == [])
    }

    @Test("an edge that looks at no clock any more")
    func edges() {
        let findings = CoreRules.needlessEdges([SwiftFile(path: "Sources/Storage/CommitQueue.swift", "let a = 1")])
        #expect(findings.map(\.path) == CoreRules.edges.keys.sorted())
    }

    @Test("print outside of the command line, and nothing else of that name")
    func printing() {
        let code = "print(1)\nConsole.print(2)\nfunc print() {}\n// print(3)\ndebugPrint(4)"
        #expect(lines(CoreRules.printing(SwiftFile(path: "Sources/Daemon/X.swift", code))) == [1, 5])
        #expect(CoreRules.printing(SwiftFile(path: "Sources/twostepd/X.swift", code)) == [])
    }

    // MARK: - Reasons

    @Test(
        "a shortcut without a reason",
        arguments: [
            "let a = try? b()", "let a = try! b()", "let a = b as! C", "f(a!)", "let a = b[0]!.c", "fatalError(\"no\")",
            "f(\"\\(a!)\")", "preconditionFailure()", "var a: Int!",
        ])
    func shortcuts(_ code: String) {
        #expect(lines(ReasonRules.shortcuts(planning("\n\n\n\n" + code))) == [5])
        #expect(ReasonRules.shortcuts(planning(code + "  // Nothing is lost.")) == [])
        #expect(ReasonRules.shortcuts(planning("// Nothing is lost.\nguard\n    let x,\n    " + code)) == [])
        #expect(lines(ReasonRules.shortcuts(planning("// Of something else.\n\n\n\n" + code))) == [5])
    }

    @Test(
        "what only looks like a shortcut",
        arguments: [
            "guard !a, !(b), a != b else { return }", "try a()", "a as? B", "\"try! a! fatalError()\"",
            "preconditionFailure(\"a number is in the queue\")", "x.map { !$0 }", "/* a! */",
        ])
    func noShortcuts(_ code: String) {
        #expect(ReasonRules.shortcuts(planning(code)) == [])
    }

    // MARK: - Documentation

    @Test(
        "something public without a word about it",
        arguments: [
            "public func a() {}", "public struct A {}", "public enum A { case b }", "public static func a() {}",
            "@discardableResult\npublic func a() {}", "public var a: Int { 1 }",
            "public init(a: Int) throws { guard a > 0 else { throw E.e } }",
            "public class func a() {}", "public typealias A = B", "public subscript(a: Int) -> Int { a }",
        ])
    func undocumented(_ code: String) {
        let line = code.hasPrefix("@") ? 3 : 2
        #expect(lines(DocumentationRules.undocumented(planning("// Not for others.\n" + code))) == [line])
        #expect(DocumentationRules.undocumented(planning("/// What it is for.\n" + code)) == [])
        #expect(DocumentationRules.undocumented(SwiftFile(path: "Tests/A/X.swift", code)) == [])
    }

    @Test("a requirement of a public protocol without a word about it")
    func requirements() {
        let code = "/// P.\npublic protocol P {\n    func a()\n    /// B.\n    func b()\n    var c: Int { get }\n}"
        #expect(lines(DocumentationRules.undocumented(planning(code))) == [3, 6])
    }

    @Test(
        "what needs no words",
        arguments: [
            "public var description: String { \"\" }", "public let a: Int", "public import Planning",
            "public init(a: Int) {\n    self.a = a\n}", "public private(set) var a = 1",
            "public static func < (a: A, b: A) -> Bool { true }",
            "func a() {}",
        ])
    func plain(_ code: String) {
        #expect(DocumentationRules.undocumented(planning(code)) == [])
    }
}
