public import Planning

/// What can go wrong with the store, its lock and its key. Every description says what happened, where, what to do.
public enum StorageError: Error, Hashable, Sendable {
    /// There is no store at this path.
    case noStore(path: String)
    /// A file or directory has an owner, mode or type that is not safe or not usable.
    case permissions(path: String, problem: String)
    /// Another process works on the store.
    case lockHeld(directory: String, holder: LockHolder)
    /// The file system that holds the store is full.
    case diskFull(path: String)
    /// The store cannot be written.
    case readOnly(path: String)
    /// The file is damaged, or not a store at all.
    case corrupted(path: String, problem: String)
    /// The file that was opened is not at its path any more.
    case replaced(path: String)
    /// Another process kept the database locked for longer than the wait.
    case busy(path: String)
    /// The operating system refused an operation on a file.
    case io(path: String, operation: String, problem: String)
    /// Any other failure that SQLite reports, with its extended result code.
    case database(path: String, code: Int32, problem: String)
    /// The store was written by a later version, with these migrations unknown to this one.
    case newerSchema(path: String, migrations: [String])
    /// The store was written by a development version before 0.1.0, whose tables were other ones.
    case developmentSchema(path: String)
    /// The store was not set up yet, or comes from an earlier version; a read-only command cannot migrate it.
    case olderSchema(path: String)

    /// PINs in the store are sealed under another key than the one given.
    case wrongKey(needed: String, have: String)
    /// PINs were asked for, and no key was given; `id` is that of the key that is needed, when it is known.
    case keyNeeded(path: String, id: String?)
    /// The content is not a sealing key.
    case keyMalformed(source: String)
    /// A key was to be made where there is a file already.
    case keyExists(path: String)
    /// One sealed PIN cannot be opened: moved, altered, or sealed under another key.
    case sealedPINUnreadable(number: PhoneNumber, generation: Int, keyID: String, problem: String)

    /// History is not pruned, because it is needed or not intact.
    case pruneRefused(problem: String)
    /// A row holds what this program never writes.
    case unreadableRow(table: String, key: String, column: String)
    /// A constraint or an append-only rule of the schema forbids the write.
    case conflict(problem: String)
    /// A number's row was written after the record that was to be saved had been read.
    case outdated(number: PhoneNumber)
    /// A mutation does not fit what is stored.
    case mismatch(number: PhoneNumber?, problem: String)
    /// More commits wait than the queue may hold.
    case queueFull(waiting: Int)

    /// The failure of a commit, as the engine tells them apart: what concerns one number alone, and what is an outage.
    public var commitFailure: CommitFailure {
        switch self {
        case .outdated: .outdated
        case .sealedPINUnreadable, .unreadableRow, .conflict, .mismatch: .refused(description)
        case .noStore, .permissions, .lockHeld, .diskFull, .readOnly, .corrupted, .replaced, .busy, .io, .database,
            .newerSchema, .developmentSchema, .olderSchema, .wrongKey, .keyNeeded, .keyMalformed, .keyExists,
            .pruneRefused, .queueFull:
            .outage(description)
        }
    }

    /// Whether the content of one submission, or one number's row, is the cause: others succeed without it.
    var concernsOneSubmission: Bool {
        if case .outage = commitFailure { false } else { true }
    }
}
