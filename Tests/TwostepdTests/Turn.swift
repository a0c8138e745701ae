import Testing

/// Lets only a few tests at a time hold processes, vendors and files; the others wait.
///
/// All tests of a run begin at once. Hundreds of daemons, each with a vendor, on two processors would make each
/// deadline a matter of luck.
struct Turn: SuiteTrait, TestTrait, TestScoping {
    /// True to precede the tests that wait: a long test would otherwise run alone at the end.
    var isLong = false
    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        await Places.shared.take(isLong: isLong)
        do {
            try await function()
        } catch {
            await Places.shared.leave()
            throw error
        }
        await Places.shared.leave()
    }
}

extension Trait where Self == Turn {
    /// Waits for its turn before it starts processes.
    static var inTurn: Turn { Turn() }
    /// The same for tests that take a minute and more.
    static var longInTurn: Turn { Turn(isLong: true) }
}

/// The places for tests that hold processes.
private actor Places {
    static let shared = Places()

    private var free = 4
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func take(isLong: Bool) async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.insert($0, at: isLong ? 0 : waiting.count) }
        }
    }

    func leave() {
        if waiting.isEmpty {
            free += 1
        } else {
            waiting.removeFirst().resume()
        }
    }
}
