import Files
import Glibc

/// The folder in which the service manager puts credentials, one per file, readable by this service alone.
struct CredentialFolder: Sendable {
    let path: String

    func path(of name: String) -> String { path.hasSuffix("/") ? path + name : "\(path)/\(name)" }

    /// Returns the bytes of the credential `name`; nil when it does not exist.
    ///
    /// - Parameter name: a legal name, so that it cannot lead out of the folder.
    func bytes(of name: String, limit: Int) throws(SecretError) -> [UInt8]? {
        precondition(SecretShape.isName(name), "only legal names are looked up")
        do throws(FileError) {
            return try CheckedFile.read(path(of: name), .credential(limit: limit))
        } catch .missing {
            return nil
        } catch {
            throw .unreadable(name: name, origin: path(of: name), reason: error.problem)
        }
    }

    /// Returns the names of the files in the folder, at most `limit`; empty when the folder cannot be listed, because
    /// the names serve for suggestions only.
    func names(limit: Int) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while names.count < limit, let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            names.append(name)
        }
        return names
    }
}
