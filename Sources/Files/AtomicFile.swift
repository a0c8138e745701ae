import Glibc

/// The rules for creating a file.
public struct WritePolicy: Sendable {
    /// The treatment of an existing file.
    public enum Existing: Hashable, Sendable {
        /// The existing file stays, and the new one is refused.
        case stays
        /// The existing file is replaced, even when it is a symbolic link.
        case isReplaced
        /// The existing file is replaced by one with its mode, owner and group. A symbolic link stays, and its target
        /// is replaced.
        case lendsItsRights
    }

    /// The permission bits of the new file.
    public enum Rights: Hashable, Sendable {
        /// Read and write for the owner alone.
        case ownerOnly
        /// Read for all and write for the owner, less the umask.
        case usual
    }

    /// The owner of a file that root creates.
    public enum Owner: Hashable, Sendable {
        /// The process's user.
        case process
        /// The directory's owner.
        case directory
        /// The user with this ID.
        case user(UInt32)
    }

    public let existing: Existing
    public let rights: Rights
    public let owner: Owner

    public init(existing: Existing, rights: Rights = .ownerOnly, owner: Owner = .process) {
        self.existing = existing
        self.rights = rights
        self.owner = owner
    }
}

/// A file being written. It gets its name once it is complete and durable. Until then the name has no file, or the
/// earlier one, whenever the process or the machine stops.
///
/// It is written in the same directory, as `PATH.PID.part`. A draft that is released unfinished is removed.
public final class AtomicFile {
    private let path: String
    /// The final path: that of the target when symbolic links stay.
    private let target: String
    private let policy: WritePolicy
    private var file: OpenFile?
    private var draft: String { "\(target).\(getpid()).part" }

    /// Begins a file. Throws ``FileError/exists(path:)`` when one exists that must stay.
    public init(of path: String, _ policy: WritePolicy) throws(FileError) {
        let followsLinks = policy.existing == .lendsItsRights
        let target = followsLinks ? Self.resolved(path) : path
        self.path = path
        self.target = target
        self.policy = policy
        let old = try FileStatus.of(target, followingLinks: followsLinks)
        if old != nil, policy.existing == .stays { throw .exists(path: path) }
        if let old, old.kind != .regular, old.kind != .link { throw .notRegular(path: path, old.kind) }
        let lender = policy.existing == .lendsItsRights ? old : nil
        let rights = lender == nil ? policy.rights : .ownerOnly
        do {
            file = try Self.make(draft, rights, policy.owner)
        } catch .exists {
            // An earlier process with the same ID was stopped, and has left it behind.
            unlink(draft)
            file = try Self.make(draft, rights, policy.owner)
        }
        if let lender { try copyOwnerAndMode(of: lender) }
    }

    deinit { discard() }

    /// Writes a whole file.
    public static func write(_ bytes: [UInt8], to path: String, _ policy: WritePolicy) throws(FileError) {
        let draft = try AtomicFile(of: path, policy)
        try draft.write(bytes)
        try draft.finish()
    }

    /// Appends bytes to the file.
    public func write(_ bytes: [UInt8]) throws(FileError) { try open().write(bytes) }

    /// Makes the file durable, and then gives it its name, durably; removes it when that fails. Nothing can be written
    /// afterwards.
    public func finish() throws(FileError) {
        defer { discard() }
        try open().sync()
        switch policy.existing {
        case .stays:
            // Unlike a rename, a link never replaces a file that appeared meanwhile.
            do {
                try Directory.link(draft, target)
            } catch .exists {
                throw .exists(path: path)
            }
            discard()
        case .isReplaced, .lendsItsRights:
            try Directory.rename(draft, target)
            file = nil
        }
        try Directory.syncName(of: target)
    }

    /// Removes an unfinished file. Nothing can be written afterwards.
    public func discard() {
        guard file != nil else { return }
        file = nil
        unlink(draft)
    }

    private func open() -> OpenFile {
        guard let file else { preconditionFailure("a draft is written before it is finished or discarded") }
        return file
    }

    /// Creates an empty file; throws when one exists.
    public static func makeEmpty(_ path: String, _ rights: WritePolicy.Rights, _ owner: WritePolicy.Owner)
        throws(FileError)
    {
        _ = try make(path, rights, owner)
    }

    private static func make(
        _ path: String, _ rights: WritePolicy.Rights, _ owner: WritePolicy.Owner
    ) throws(FileError) -> OpenFile {
        let mode: UInt32 = rights == .usual ? 0o644 : 0o600
        let file = try OpenFile(path, for: .creating(mode: mode))
        do throws(FileError) {
            if rights == .ownerOnly { try file.setMode(mode) }
            switch owner {
            case .process: break
            case .directory: try file.giveToDirectoryOwner()
            case .user(let owner): if geteuid() == 0 { try file.setOwner(owner) }
            }
        } catch {
            unlink(path)
            throw error
        }
        return file
    }

    private func copyOwnerAndMode(of old: FileStatus) throws(FileError) {
        let file = open()
        if old.owner != geteuid() || old.group != getegid() { try file.setOwner(old.owner, group: old.group) }
        try file.setMode(old.mode)
    }

    /// Returns the path with its symbolic links resolved; the path itself when that is not possible.
    private static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }
}
