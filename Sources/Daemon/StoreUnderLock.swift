public import ConfigFile
import Glibc
public import Planning
public import Storage

/// Work of a command on the store, while no daemon uses it.
enum StoreUnderLock {
    /// Opens the store under `lock`, does `work`, and closes and releases both.
    static func perform<Value>(
        _ lock: StoreLock, settings: Settings, environment: [String: String],
        _ work: (Store) throws(StorageError) -> Value
    ) throws(StartupError) -> Value {
        try withKey(lock, settings: settings, environment: environment) { key throws(StorageError) in
            let store = try Store.open(at: lock.location, key: key)
            let value = try work(store)
            try store.close()
            return value
        }
    }

    /// Finds the key of the store under `lock`, does `work`, and releases the lock.
    static func withKey<Value>(
        _ lock: StoreLock, settings: Settings, environment: [String: String],
        _ work: (SealingKey) throws(StorageError) -> Value
    ) throws(StartupError) -> Value {
        let secrets = SecretSources.read(settings: settings, environment: environment, mayBeForbidden: true)
        guard let sources = secrets.value else { throw .configuration(secrets.rendered(color: false)) }
        do throws(StorageError) {
            let (key, _) = try StoreKey.forWriting(at: lock.location, secrets: sources, settings: settings)
            let value = try work(key)
            try lock.release()
            return value
        } catch {
            throw .store(error)
        }
    }

    /// Acquires the lock of the store that the settings name, for `command`. Throws while another process works on it,
    /// and when there is no store: a mistyped folder must not get one.
    static func lock(_ settings: Settings, for command: String, at now: Instant) throws(StartupError) -> StoreLock {
        let location = StoreLocation(directory: settings.stateDirectory)
        do throws(StorageError) {
            guard location.hasStore else { throw .noStore(path: location.database) }
            return try StoreLock.acquire(at: location, command: command, pid: getpid(), now: now)
        } catch {
            throw .store(error)
        }
    }
}

/// Records the operator's decision that the clock is right.
public enum ClockCorrection {
    /// Sets the store's mark, and every later instant, back to `now`; returns the count of numbers that had one. Throws
    /// while another process works on the store.
    public static func accept(
        settings: Settings, environment: [String: String], actor: String, now: Instant
    ) throws(StartupError) -> Int {
        let lock = try StoreUnderLock.lock(settings, for: "clock accept", at: now)
        return try StoreUnderLock.perform(lock, settings: settings, environment: environment) {
            store throws(StorageError) in
            try store.acceptClock(at: now, actor: actor)
        }
    }
}

/// Removes old history and the space that it used, while no daemon works on the store.
public enum HistoryMaintenance {
    /// Rewrites the database without its free space.
    public static func compact(
        settings: Settings, environment: [String: String], now: Instant
    ) throws(StartupError) -> (before: StoreSize, after: StoreSize) {
        let lock = try StoreUnderLock.lock(settings, for: "audit compact", at: now)
        return try StoreUnderLock.withKey(lock, settings: settings, environment: environment) {
            key throws(StorageError) in try Store.compact(at: lock.location, key: key)
        }
    }

    /// Prunes history that is older than `date`.
    public static func prune(
        before date: Instant, settings: Settings, environment: [String: String], actor: String, now: Instant
    ) throws(StartupError) -> Pruning {
        let lock = try StoreUnderLock.lock(settings, for: "audit prune", at: now)
        return try StoreUnderLock.perform(lock, settings: settings, environment: environment) {
            store throws(StorageError) in try store.pruneHistory(before: date, at: now, actor: actor)
        }
    }
}

/// A reason why the daemon, or a command that works like it, cannot start.
public enum StartupError: Error, CustomStringConvertible {
    /// The settings, the desired state or the secrets are not usable as they are.
    case configuration(String)
    /// Another obstacle, such as another daemon at the same socket.
    case unavailable(String)
    /// A problem with the store, its lock or its key.
    case store(StorageError)

    public var description: String {
        switch self {
        case .configuration(let message), .unavailable(let message): message
        case .store(let error): error.description
        }
    }
}
