public import ConfigFile
public import Storage

/// Finds the key that seals PINs: a credential or a file, or one that was generated beside the store.
public enum StoreKey {
    /// The origin of a key.
    public enum Origin: Sendable {
        /// A credential, which only the service manager replaces.
        case credential(path: String)
        /// A file that the settings name.
        case configured(KeyFile)
        /// A file beside the store, from an earlier start.
        case besideStore(KeyFile)
        /// A file beside the store, generated just now.
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

    /// Returns the key for working on a store; generated when none is configured and none exists. The caller holds the
    /// store's lock: a rotation that was interrupted after the store was sealed again is completed here.
    public static func forWriting(
        at location: StoreLocation, secrets: SecretSources, settings: Settings
    ) throws(StorageError) -> (SealingKey, Origin) {
        if let found = try find(at: location, secrets: secrets, settings: settings) {
            if found.isNext { try found.origin.file?.finish() }
            return (found.key, found.origin)
        }
        // A store without its key does not get a new one: the operator has to find the old key, or move the store away.
        guard !location.hasStore else {
            throw .keyNeeded(path: location.database, id: StoreReader.keyID(at: location))
        }
        return (try SealingKey.generate(file: location.key), .generated(path: location.key))
    }

    /// Returns the key for reading a store; nil for none.
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
            throw .permissions(path: path, problem: "the sealing key that the settings name does not exist\(which)")
        }
        guard location.hasKeyFile else { return nil }
        let file = KeyFile(path: location.key)
        let fitting = try file.load(for: needed)
        return (fitting.key, .besideStore(file), fitting.isNext)
    }
}
