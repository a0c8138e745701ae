extension StorageError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noStore(let path):
            "there is no store at \(path): start the daemon once (or run apply), or correct state_directory"
        case .permissions(let path, let problem):
            "\(path): \(problem)"
        case .lockHeld(let directory, let holder):
            "another twostepd (\(holder)) works on \(directory): stop it, or use its control socket"
        case .diskFull(let path):
            "the disk that holds \(path) is full: nothing was written; free some space, the work then goes on"
        case .readOnly(let path):
            "\(path) cannot be written: check the mount, the owner and the mode of the file and its directory"
        case .corrupted(let path, let problem):
            "\(path) is damaged or is not a store of twostepd (\(problem)): stop the daemon, keep the file, "
                + "and restore a backup; without one, move the file away and every number gets a fresh PIN"
        case .replaced(let path):
            "\(path) was removed or replaced while it was open: nothing is written any more; put the file back in its "
                + "place, or restart the daemon, which begins with what is there"
        case .busy(let path):
            "\(path) stayed locked by another process: find it (lsof \(path)) and end it, then try again"
        case .io(let path, let operation, let problem):
            "cannot \(operation) \(path): \(problem); check the disk and the permissions"
        case .database(let path, let code, let problem):
            "\(path): SQLite reports \(problem) (code \(code))"
        case .newerSchema(let path, let migrations):
            "\(path) was written by a newer twostepd (unknown: \(migrations.joined(separator: ", "))): "
                + "install that version, or restore the backup made before the upgrade"
        case .developmentSchema(let path):
            "\(path) is the store of a development version before 0.1.0, which this version cannot read; nothing was "
                + "changed: go on with the program that wrote it, or move the state directory aside, keep it for its "
                + "PINs, and start with an empty one: then every number is taken over again, disabled for a moment and "
                + "enabled with a new PIN"
        case .olderSchema(let path):
            "\(path) is not set up yet, or comes from an older twostepd: start the daemon once to bring it up to date"
        case .wrongKey, .keyNeeded, .keyMalformed, .keyExists, .sealedPINUnreadable:
            keyDescription
        case .pruneRefused(let problem):
            "nothing was pruned: \(problem)"
        case .unreadableRow(let table, let key, let column):
            "row \(key) of table \(table) holds no valid \(column): the store was edited or damaged; restore a backup"
        case .conflict(let problem):
            "the store refuses a write: \(problem); nothing of it was kept"
        case .outdated(let number):
            "\(number) was written after the record that was to be saved had been read: it is read again"
        case .mismatch(let number, let problem):
            "a write\(number.map { " for \($0)" } ?? "") does not fit the store: \(problem); nothing of it was kept"
        case .queueFull(let waiting):
            "\(waiting) commits wait already: the disk is too slow for the work, or stuck"
        }
    }

    private var keyDescription: String {
        switch self {
        case .wrongKey(let needed, let have):
            "the PINs in the store are sealed under key \(needed), and the key given is \(have): "
                + "give the key the store was written with (sealing_key); `twostepd key id FILE` tells which one a file is"
        case .keyNeeded(let path, let id):
            "\(path) is sealed\(id.map { " under key \($0)" } ?? ""): give that key (sealing_key)"
        case .keyMalformed(let source):
            "\(source) is not a sealing key: it must hold 32 bytes, raw, as 64 hexadecimal digits or as base64"
        case .keyExists(let path):
            "\(path) exists already: a key is never overwritten; move it away if it is not needed any more"
        case .sealedPINUnreadable(let number, let generation, let keyID, let problem):
            "the PIN of \(number), generation \(generation), sealed under key \(keyID), cannot be opened: \(problem)"
        case .noStore, .permissions, .lockHeld, .diskFull, .readOnly, .corrupted, .replaced, .busy, .io, .database,
            .newerSchema, .developmentSchema, .olderSchema, .unreadableRow, .conflict, .outdated, .mismatch,
            .pruneRefused, .queueFull:
            preconditionFailure("not an error about keys")
        }
    }
}
