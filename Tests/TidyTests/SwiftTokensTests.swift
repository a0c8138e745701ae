import Testing

/// Source is taken apart as the compiler does, as far as the rules look.
@Suite("Source is taken apart")
struct SwiftTokensTests {
    private func words(_ source: String) -> [String] { SwiftTokens(source).tokens.map(\.text) }

    @Test("into words, numbers, signs and marks, with their lines")
    func plain() {
        let tokens = SwiftTokens("let a = b\n    .c(1_000) != nil").tokens
        #expect(tokens.map(\.text) == ["let", "a", "=", "b", ".", "c", "(", "1_000", ")", "!=", "nil"])
        #expect(tokens.map(\.line) == [1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2])
    }

    @Test("comments are no code, also nested ones, and an address in a literal is none")
    func comments() {
        let source = SwiftTokens("a // try! b\n/* c /* d */ e */ f \"https://g\" /// h")
        #expect(source.tokens.map(\.text) == ["a", "f", "https://g"])
        #expect(source.comments.map(\.text) == ["// try! b", "/* c /* d */ e */", "/// h"])
        #expect(source.comments.map(\.isDocumentation) == [false, false, true])
    }

    @Test("literals are one token each, and what is interpolated is code")
    func literals() {
        #expect(words(#"f("a \" try! b")"#) == ["f", "(", #"a \" try! b"#, ")"])
        #expect(words(#""a \(b!.c(")")) d" e"#) == ["a  d", "b", "!", ".", "c", "(", ")", ")", "e"])
        #expect(words("##\"a \"# \\(b) \\##(c) d\"## e") == ["a \"# \\(b)  d", "c", "e"])
        #expect(words("\"\"\"\n  a \"b\" // c\n  \"\"\" d") == ["\n  a \"b\" // c\n  ", "d"])
        #expect(SwiftTokens("\"\"\"\n\n\"\"\" d").tokens.last?.line == 3)
    }

    @Test("regular expressions are literals, and division is not")
    func regularExpressions() {
        #expect(
            words(#"a.matches(of: #/"(/!)/#) b"#) == ["a", ".", "matches", "(", "of", ":", #"#/"(/!)/#"#, ")", "b"])
        #expect(words(#"f(/a"b/, c / d / e)"#) == ["f", "(", #"/a"b/"#, ",", "c", "/", "d", "/", "e", ")"])
    }

    @Test("names in backticks are words, whatever is in them")
    func backticks() {
        #expect(words("func `a { b!`() {}") == ["func", "a { b!", "(", ")", "{", "}"])
    }

    @Test("postfix signs are told from infix and prefix ones")
    func postfix() {
        let source = SwiftTokens("a! b[0]! !c d != e f as! G try! h()!")
        let signs = source.tokens.indices.filter { source.tokens[$0].text == "!" }
        #expect(signs.map(source.isPostfix) == [true, true, false, true, true, true])
    }
}
