import ConfigFile
import Files

/// Files that the daemon reads at the start alone, and how they were then: a reload must not pass over a change of them in
/// silence.
struct StartFiles: Sendable {
    /// Where the certificate authorities of the system are, on the distributions that there are: the TLS library reads the
    /// first that is there.
    private static let systemAuthorities = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"]

    private let stamps: [(path: String, stamp: FileStamp?)]

    /// The files as they are now.
    ///
    /// - Parameters:
    ///   - settings: name the authorities, and the file of secrets.
    ///   - settingsPath: where the settings were read; nil when that does not matter.
    ///   - secrets: the secrets of the start: handed over by the service manager, they stay as they are.
    init(_ settings: Settings, settingsPath: String?, secrets: SecretSources) {
        let authorities = Self.systemAuthorities.first { FileStamp($0) != nil }
        let file = secrets.isHandedOver && secrets.filePath != settings.secrets ? settings.secrets : nil
        stamps = [settingsPath, settings.caFile, authorities, file].compactMap(\.self).map { ($0, FileStamp($0)) }
    }

    /// The files that were written since.
    var changed: [String] { stamps.filter { FileStamp($0.path) != $0.stamp }.map(\.path) }
}

extension DaemonView {
    /// The sentence about files that are read at the start alone and were written since; nil when there are none.
    public static func sentence(ofOutdated files: [String]) -> String? {
        guard !files.isEmpty else { return nil }
        return
            "written since the start, and read at the start alone: \(files.joined(separator: ", ")); to adopt a change, "
            + "restart the daemon: `systemctl restart twostepd`"
    }
}
