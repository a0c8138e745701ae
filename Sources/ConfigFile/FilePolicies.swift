import Files

extension ReadPolicy {
    /// A file that operators write. Its owner and its mode are not checked: anyone who may write to it controls the
    /// daemon anyway.
    static let configuration = ReadPolicy(limit: 256 << 20)

    /// A file of secrets, which its owner alone may read.
    static func secret(limit: Int) -> ReadPolicy { ReadPolicy(limit: limit, owner: .user, forbidden: 0o077) }

    /// A credential of the service manager.
    ///
    /// Mode and owner depend on the version of systemd: 0400 and the service's own user (252), 0440 and root (257).
    /// Root may also read a running service's credentials, in a folder that belongs to that service's user.
    static func credential(limit: Int) -> ReadPolicy {
        ReadPolicy(limit: limit, owner: .userOrDirectoryOwnerForRoot, forbidden: 0o077, forbiddenOfRoot: 0o027)
    }
}

extension FileError {
    /// The problem in words, for a report that has already named the file.
    var problem: String {
        switch self {
        case .missing: "there is no such file"
        case .notRegular(_, let kind): "this is \(kind.rawValue), not a file"
        case .tooLarge(_, let limit): "the file is larger than \(Self.size(limit))"
        case .changedWhileRead: "the file was changed while it was read"
        case .exists, .foreignOwner, .openToOthers: reason
        case .invalidPath, .refused: "the file cannot be read: \(reason)"
        }
    }

    /// The problem in words, as the only one of a whole file.
    var report: String {
        switch self {
        case .foreignOwner, .openToOthers: "secrets are not read from this file: \(problem)"
        case .missing, .exists, .notRegular, .tooLarge, .changedWhileRead, .invalidPath, .refused: problem
        }
    }

    /// The remedy.
    var hint: String? {
        switch self {
        case .missing: "check the path, and the settings file that names it"
        case .exists, .notRegular, .tooLarge: nil
        case .openToOthers(_, let mode) where mode & 0o007 == 0:
            "run 'chmod 600' on it; where fsGroup of Kubernetes sets that mode, mount it at $CREDENTIALS_DIRECTORY, where root's "
                + "files may be readable by the group"
        case .foreignOwner, .openToOthers: "make the daemon's user its owner, and run 'chmod 600' on it"
        case .invalidPath, .refused: "check the permissions of the file and of its folders"
        case .changedWhileRead: "write the new content to another file, rename that into place, and try again"
        }
    }
}
