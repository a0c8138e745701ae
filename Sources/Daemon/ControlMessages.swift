/// Requests and answers on the control socket, as JSON with snake_case keys.
public enum ControlMessage {
    /// `POST /v1/pin-reveals`: record that somebody is about to see a number's PINs. Nothing is shown before that.
    public struct PINReveal: Codable, Sendable {
        /// The store that the caller reads; the daemon refuses for another one.
        public var stateDirectory: String
        public var number: String
        public var generations: [Int]
        /// The caller's own words.
        public var reason: String
        /// The user in front of the terminal, as the caller sees it: `sudo` keeps it, the socket does not.
        public var onBehalfOf: String?
        /// The terminal in front of that user, as the caller sees it; nil when there is none.
        public var terminal: String?

        public init(
            stateDirectory: String, number: String, generations: [Int], reason: String, onBehalfOf: String?,
            terminal: String? = nil
        ) {
            self.stateDirectory = stateDirectory
            self.number = number
            self.generations = generations
            self.reason = reason
            self.onBehalfOf = onBehalfOf
            self.terminal = terminal
        }
    }

    /// What every request is answered with.
    public struct Answer: Codable, Sendable {
        public var version = 1
        public var done: Bool
        /// What went wrong, or what was done, in words.
        public var message: String

        public init(done: Bool, message: String) {
            self.done = done
            self.message = message
        }
    }
}
