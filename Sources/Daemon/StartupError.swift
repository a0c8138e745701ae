/// Why the daemon, or a command that works like it, cannot start. The cases are the exit codes.
public enum StartupError: Error, CustomStringConvertible {
    /// Settings, desired state, key or store are not usable as they are: exit 78, and no automatic restart.
    case configuration(String)
    /// Something else is in the way, such as another daemon on the same store: exit 1.
    case unavailable(String)

    public var description: String {
        switch self {
        case .configuration(let message), .unavailable(let message): message
        }
    }
}
