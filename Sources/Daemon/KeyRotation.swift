public import ConfigFile
import Glibc
public import Planning
import Storage

/// `twostepd key rotate`: seals all PINs in the store again under another key, while no daemon works on it.
public struct KeyRotation: Sendable {
    /// The result of a rotation, for the operator.
    public enum Ending: Sendable {
        /// The new key has replaced the old one, which was kept at `old` for earlier backups.
        case replaced(file: String, old: String, id: String, pins: Int)
        /// The store is sealed under the key in `file`, with which the operator replaces `credential`.
        case handOver(file: String, credential: String, id: String, pins: Int)
        /// An earlier rotation had sealed everything again and was interrupted before its key was in place; now it is.
        case finished(file: String, old: String, id: String)
    }

    let settings: Settings
    let environment: [String: String]
    let actor: String
    let now: Instant

    public init(settings: Settings, environment: [String: String], actor: String, now: Instant) {
        self.settings = settings
        self.environment = environment
        self.actor = actor
        self.now = now
    }

    /// Rotates the key.
    ///
    /// - Parameters:
    ///   - current: the file of the present key, when the settings do not lead to it; nil to find it there.
    ///   - new: a file with the key to rotate to; nil for a new key.
    public func run(current: String?, new: String?) throws(StartupError) -> Ending {
        let location = StoreLocation(directory: settings.stateDirectory)
        let reading = SecretSources.read(settings: settings, environment: environment, mayBeForbidden: true)
        guard let secrets = reading.value else { throw .configuration(reading.rendered(color: false)) }
        do throws(StorageError) {
            guard location.hasStore else { throw .noStore(path: location.database) }
            let lock = try lock(location)
            let given = try new.map { path throws(StorageError) in try SealingKey.load(file: path) }
            let needed = StoreReader.keyID(at: location)
            let ending: Ending
            if let file = try file(current, secrets, location) {
                ending = try rotate(file, given, needed: needed, location)
            } else {
                ending = try handOver(new, given, secrets, location)
            }
            try lock.release()
            return ending
        } catch {
            throw .store(error)
        }
    }

    /// Returns the file of the present key; nil when it is a credential.
    private func file(
        _ current: String?, _ secrets: SecretSources, _ location: StoreLocation
    ) throws(StorageError) -> KeyFile? {
        if let current { return KeyFile(path: current) }
        guard let found = try StoreKey.forReading(at: location, secrets: secrets, settings: settings) else {
            throw .keyNeeded(path: location.database, id: StoreReader.keyID(at: location))
        }
        return found.1.file
    }

    private func rotate(
        _ file: KeyFile, _ given: SealingKey?, needed: String?, _ location: StoreLocation
    ) throws(StorageError) -> Ending {
        let (key, isNext) = try file.load(for: needed)
        if isNext {
            let old = try file.finish()
            return .finished(file: file.path, old: old, id: key.id)
        }
        if let given, given.id == key.id { throw .keyExists(path: file.path) }
        let store = try Store.open(at: location, key: key)
        // Durable before the store is sealed under it.
        let next = try file.prepareNext(given)
        let count = try store.rotateKey(to: next, at: now, actor: actor)
        let old = try file.finish()
        return .replaced(file: file.path, old: old, id: next.id, pins: count)
    }

    /// Seals the store when the present key is a credential: the operator holds the new key, and installs it.
    private func handOver(
        _ new: String?, _ given: SealingKey?, _ secrets: SecretSources, _ location: StoreLocation
    ) throws(StorageError) -> Ending {
        guard let (key, origin) = try StoreKey.forReading(at: location, secrets: secrets, settings: settings),
            case .credential(let path) = origin
        else { throw .keyNeeded(path: location.database, id: StoreReader.keyID(at: location)) }
        guard let new, let given else {
            throw .permissions(
                path: path,
                problem: "the key is a credential, which cannot be replaced here: name its source with --key FILE, or "
                    + "make a new key with `twostepd key generate FILE` and pass it with --new-key FILE")
        }
        let count = try Store.open(at: location, key: key).rotateKey(to: given, at: now, actor: actor)
        return .handOver(file: new, credential: path, id: given.id, pins: count)
    }

    private func lock(_ location: StoreLocation) throws(StorageError) -> StoreLock {
        try StoreLock.acquire(at: location, command: "key rotate", pid: getpid(), now: now)
    }
}
