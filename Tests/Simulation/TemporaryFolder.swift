import Glibc

/// A folder of its own for files that a run needs, which it removes at its end.
enum TemporaryFolder {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Makes a new one, below `TMPDIR` or `/tmp`, that only this user may enter.
    static func make() throws -> String {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array((parent + "/twostepd-simulation-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else {
            throw Failure(description: "no folder can be made in \(parent): \(String(cString: strerror(errno)))")
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Removes the fence that a run has written, and the folder.
    static func remove(_ path: String) {
        unlink(path + "/twostepd.fence")
        rmdir(path)
    }
}
