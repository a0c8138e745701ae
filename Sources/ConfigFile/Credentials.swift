import Files

/// The credentials that the service manager gave to a service, as a whole.
public struct Credentials: Sendable {
    /// The maximum size of all credentials of one unit together, in bytes: with more, systemd does not start the unit.
    public static let limit = 1 << 20
    /// The size in bytes above which an operator has to act before adding secrets.
    public static let warningSize = limit / 10 * 9

    /// The folder of the credentials.
    public let folder: String
    /// The size of all credentials together, in bytes.
    public let bytes: Int

    /// The maximum of files that are counted; a unit never has that many credentials.
    private static let maxFiles = 10_000

    /// Finds the credentials of this process; nil when it has no credentials.
    public init?(environment: [String: String]) {
        guard let folder = environment["CREDENTIALS_DIRECTORY"], !folder.isEmpty else { return nil }
        self.init(folder: folder)
    }

    /// Measures the credentials in a folder; nil when there is no such folder.
    public init?(folder: String) {
        // A folder that cannot be inspected is reported when a secret in it is read.
        guard (try? FileStatus.of(folder))?.kind == .directory else { return nil }
        self.folder = folder
        let files = CredentialFolder(path: folder)
        bytes = files.names(limit: Self.maxFiles).reduce(0) { sum, name in
            guard let status = try? FileStatus.of(files.path(of: name)), status.kind == .regular else { return sum }
            return sum + status.size
        }
    }
}
