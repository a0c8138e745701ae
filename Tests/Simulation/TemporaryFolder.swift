import Glibc

/// A temporary folder for the files of one run, which removes it at its end.
enum TemporaryFolder {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Creates a folder below `TMPDIR` or `/tmp` with mode 0700.
    static func make() throws -> String {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array((parent + "/twostepd-simulation-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else {
            throw Failure(description: "no folder can be made in \(parent): \(String(cString: strerror(errno)))")
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Removes the fence in the folder, and the folder.
    static func remove(_ path: String) {
        unlink(path + "/twostepd.fence")
        rmdir(path)
    }
}
