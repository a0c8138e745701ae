public import ConfigFile
public import Storage

/// Finds the key that seals PINs: a credential or a file, or one that was made beside the store.
public enum StoreKey {
    /// Where a key came from.
    public enum Origin: Sendable {
        /// A credential, which only the service manager replaces.
        case credential(path: String)
        /// A file that the settings name.
        case configured(KeyFile)
        /// Beside the store, from an earlier start.
        case besideStore(KeyFile)
        /// Made just now, beside the store.
        case generated(path: String)

        /// The file that a rotation replaces; nil for a credential.
        public var file: KeyFile? {
            switch self {
            case .configured(let file), .besideStore(let file): file
            case .generated(let path): KeyFile(path: path)
            case .credential: nil
            }
        }
    }

    /// The key for working on a store; made when none is configured and none is there. The caller holds the store's
    /// lock: a rotation that was cut off after the store was sealed anew is finished here.
    public static func forWriting(
        at location: StoreLocation, secrets: SecretSources, settings: Settings
    ) throws(StorageError) -> (SealingKey, Origin) {
        if let found = try find(at: location, secrets: secrets, settings: settings) {
            if found.isNext { try found.origin.file?.finish() }
            return (found.key, found.origin)
        }
        // A store without its key is not given a new one: the old key has to be found, or the store put away.
        guard !location.hasStore else {
            throw .keyNeeded(path: location.database, id: StoreReader.keyID(at: location))
        }
        return (try SealingKey.generate(file: location.key), .generated(path: location.key))
    }

    /// The key for reading a store; nil when there is none.
    public static func forReading(
        at location: StoreLocation, secrets: SecretSources, settings: Settings
    ) throws(StorageError) -> (SealingKey, Origin)? {
        try find(at: location, secrets: secrets, settings: settings).map { ($0.key, $0.origin) }
    }

    private static func find(
        at location: StoreLocation, secrets: SecretSources, settings: Settings
    ) throws(StorageError) -> (key: SealingKey, origin: Origin, isNext: Bool)? {
        let needed = StoreReader.keyID(at: location)
        var content: SealingKeyBytes?
        do {
            content = try secrets.sealingKeyBytes()
        } catch {
            throw .permissions(path: settings.sealingKey.text, problem: error.description)
        }
        defer { content?.wipe() }
        if let content {
            guard let key = SealingKey(content: content.bytes) else { throw .keyMalformed(source: content.origin) }
            guard case .file(let path) = settings.sealingKey else {
                return (key, .credential(path: content.origin), false)
            }
            let file = KeyFile(path: path)
            guard let needed, key.id != needed else { return (key, .configured(file), false) }
            let fitting = try file.load(for: needed)
            return (fitting.key, .configured(file), fitting.isNext)
        }
        if case .file(let path) = settings.sealingKey {
            let which = needed.map { " (the store is sealed under key \($0))" } ?? ""
            throw .permissions(path: path, problem: "the sealing key that the settings name is not there\(which)")
        }
        guard location.hasKeyFile else { return nil }
        let file = KeyFile(path: location.key)
        let fitting = try file.load(for: needed)
        return (fitting.key, .besideStore(file), fitting.isNext)
    }
}
