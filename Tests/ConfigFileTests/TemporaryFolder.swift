import Foundation

/// A folder that is removed with its last reference.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "twostepd-config-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        // Files that cannot be removed are left to the system's cleaning of its temporary folder.
        try? FileManager.default.removeItem(atPath: path)
    }

    func path(of name: String) -> String { path + "/" + name }

    /// Writes a file and returns its path.
    @discardableResult func write(_ name: String, _ data: Data, mode: Int = 0o644) throws -> String {
        try data.write(to: URL(filePath: path(of: name)))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path(of: name))
        return path(of: name)
    }

    @discardableResult func write(_ name: String, _ text: String, mode: Int = 0o644) throws -> String {
        try write(name, Data(text.utf8), mode: mode)
    }
}
