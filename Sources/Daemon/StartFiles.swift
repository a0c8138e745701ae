import ConfigFile
import Files

/// The files that the daemon reads only at the start, and their stamps then: a reload must not silently ignore a change
/// of them.
struct StartFiles: Sendable {
    /// The paths of the system's certificate authorities on the known distributions: the TLS library reads the first
    /// that exists.
    private static let systemAuthorities = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"]

    private let stamps: [(path: String, stamp: FileStamp?)]

    /// Stamps the files as they are now.
    ///
    /// - Parameters:
    ///   - settings: name the authorities, and the file of secrets.
    ///   - settingsPath: the file that the settings were read from; nil when that does not matter.
    ///   - secrets: the secrets of the start: those handed over by the service manager stay as they are.
    init(_ settings: Settings, settingsPath: String?, secrets: SecretSources) {
        let authorities = Self.systemAuthorities.first { FileStamp($0) != nil }
        let file = secrets.isHandedOver && secrets.filePath != settings.secrets ? settings.secrets : nil
        stamps = [settingsPath, settings.caFile, authorities, file].compactMap(\.self).map { ($0, FileStamp($0)) }
    }

    /// The files that were written since the start.
    var changed: [String] { stamps.filter { FileStamp($0.path) != $0.stamp }.map(\.path) }
}

extension DaemonView {
    /// Returns the sentence about files that are read only at the start and were written since; nil when there are
    /// none.
    public func sentence(ofOutdated files: [String]) -> String? {
        guard !files.isEmpty else { return nil }
        return
            "changed since startup, and read only at startup: \(files.joined(separator: ", ")); to adopt a change, "
            + "restart the daemon: `\(restartCommand)`"
    }
}
