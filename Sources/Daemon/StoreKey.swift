public import ConfigFile
public import Storage

/// Finds the key that seals PINs: a credential or a file, or one that was made beside the store.
public enum StoreKey {
    /// Where a key came from.
    public enum Origin: Sendable {
        /// Named in the settings and found.
        case configured(path: String)
        /// Beside the store, from an earlier start.
        case besideStore(path: String)
        /// Made just now, beside the store.
        case generated(path: String)
    }

    /// The key for working on a store; made when none is configured and none is there.
    public static func forWriting(
        at location: StoreLocation, secrets: SecretSources, settings: Settings
    ) throws(StorageError) -> (SealingKey, Origin) {
        if let found = try forReading(at: location, secrets: secrets, settings: settings) { return found }
        // A store without its key is not given a new one: the old key has to be found, or the store put away.
        guard !location.hasStore else { throw .keyNeeded(path: location.database) }
        return (try SealingKey.generate(file: location.key), .generated(path: location.key))
    }

    /// The key for reading a store; nil when there is none.
    public static func forReading(
        at location: StoreLocation, secrets: SecretSources, settings: Settings
    ) throws(StorageError) -> (SealingKey, Origin)? {
        if let found = try configured(secrets, settings) { return found }
        guard location.hasKeyFile else { return nil }
        return (try SealingKey.load(file: location.key), .besideStore(path: location.key))
    }

    private static func configured(
        _ secrets: SecretSources, _ settings: Settings
    ) throws(StorageError) -> (SealingKey, Origin)? {
        let content: SealingKeyBytes?
        do {
            content = try secrets.sealingKeyBytes()
        } catch {
            throw .permissions(path: "\(settings.sealingKey)", problem: error.description)
        }
        guard let content else {
            guard case .file(let path) = settings.sealingKey else { return nil }
            throw .permissions(path: path, problem: "the sealing key that the settings name is not there")
        }
        guard let key = SealingKey(content: content.bytes) else { throw .keyMalformed(source: content.origin) }
        return (key, .configured(path: content.origin))
    }
}
