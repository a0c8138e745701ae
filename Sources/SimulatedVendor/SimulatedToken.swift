/// A token and how its number begins.
public struct SimulatedToken: Hashable, Sendable {
    public let token: String
    public let state: VendorState

    public init(token: String, state: VendorState = .off) {
        self.token = token
        self.state = state
    }

    /// Reads `TOKEN`, `TOKEN=off` or `TOKEN=foreign:123456`.
    public init(parsing text: String) throws(SimulationError) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let token = parts.first, !token.isEmpty else { throw .token(text) }
        self.init(token: token, state: parts.count == 2 ? try VendorState(parsing: parts[1]) : .off)
    }

    static func isPIN(_ text: String) -> Bool {
        text.utf8.count == 6 && text.utf8.allSatisfy { (48...57).contains($0) }
    }
}
