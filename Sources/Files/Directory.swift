import Glibc

/// Operations on directories and the names in them.
public enum Directory {
    /// Returns the directory part of a path; `.` when it has none.
    public static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Creates a directory with exactly these permission bits, whatever the umask; an existing one stays as it is.
    public static func make(_ path: String, mode: UInt32) throws(FileError) {
        if mkdir(path, mode) != 0 {
            let error = FileError.last(.makeDirectory, path)
            if case .exists = error { return }
            throw error
        }
        try setMode(mode, of: path)
    }

    /// Sets the permission bits of the file or directory at `path`.
    public static func setMode(_ mode: UInt32, of path: String) throws(FileError) {
        guard chmod(path, mode) == 0 else { throw .last(.changeMode, path) }
    }

    /// Makes the names in a directory durable.
    static func sync(_ path: String) throws(FileError) {
        try OpenFile(path, for: .reading, followingLinks: true).sync()
    }

    /// Makes the name of the file at `path` durable.
    public static func syncName(of path: String) throws(FileError) { try sync(parent(of: path)) }

    /// Gives the file at `path` a second name in the same directory, durably. An existing file of that name stays as it
    /// is.
    public static func keep(_ path: String, as other: String) throws(FileError) {
        do {
            try link(path, other)
        } catch .exists {
            return
        }
        try syncName(of: other)
    }

    /// Moves the file at `path` over the one at `other`, in the same directory, durably.
    public static func move(_ path: String, over other: String) throws(FileError) {
        try rename(path, other)
        try syncName(of: other)
    }

    static func link(_ path: String, _ other: String) throws(FileError) {
        guard SystemCalls.current.link(path, other) != 0 else { return }
        throw errno == EEXIST ? .exists(path: other) : .refused(.create, path: other, code: errno)
    }

    static func rename(_ path: String, _ other: String) throws(FileError) {
        guard SystemCalls.current.rename(path, other) != 0 else { return }
        throw .refused(.replace, path: other, code: errno)
    }
}
