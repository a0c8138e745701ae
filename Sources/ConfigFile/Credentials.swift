import Files

/// The credentials that the service manager gave to a service, as a whole.
public struct Credentials: Sendable {
    /// Largest size of all credentials of one unit together, in bytes: with more, systemd does not start the unit.
    public static let limit = 1 << 20
    /// Beyond this an operator has to act before secrets are added.
    public static let warningSize = limit / 10 * 9

    /// The folder that they are in.
    public let folder: String
    /// Their size, in bytes.
    public let bytes: Int

    /// More files than a unit has credentials are not counted.
    private static let maxFiles = 10_000

    /// Those of this process; nil when it has none.
    public init?(environment: [String: String]) {
        guard let folder = environment["CREDENTIALS_DIRECTORY"], !folder.isEmpty else { return nil }
        self.init(folder: folder)
    }

    /// Those in a folder; nil when there is no such folder.
    public init?(folder: String) {
        // A folder that cannot be inspected is reported by whoever reads a secret in it.
        guard (try? FileStatus.of(folder))?.kind == .directory else { return nil }
        self.folder = folder
        let files = CredentialFolder(path: folder)
        bytes = files.names(limit: Self.maxFiles).reduce(0) { sum, name in
            guard let status = try? FileStatus.of(files.path(of: name)), status.kind == .regular else { return sum }
            return sum + status.size
        }
    }
}
