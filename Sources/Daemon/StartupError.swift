public import Storage

/// Why the daemon, or a command that works like it, cannot start.
public enum StartupError: Error, CustomStringConvertible {
    /// The settings, the desired state or the secrets are not usable as they are.
    case configuration(String)
    /// Something else is in the way, such as another daemon at the same socket.
    case unavailable(String)
    /// The store, its lock or its key.
    case store(StorageError)

    public var description: String {
        switch self {
        case .configuration(let message), .unavailable(let message): message
        case .store(let error): error.description
        }
    }
}
