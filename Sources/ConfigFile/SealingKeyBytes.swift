import Files

/// The bytes of the sealing key as they stand in its file, and where that is. It cannot print itself.
public struct SealingKeyBytes: Sendable, CustomStringConvertible, CustomReflectable {
    /// The file's bytes, at most 4 KiB; their form is a matter of the store.
    public private(set) var bytes: [UInt8]
    /// The path of the file.
    public let origin: String

    /// Overwrites them, once the key was made of them.
    public mutating func wipe() { bytes.wipe() }

    public var description: String { "SealingKeyBytes(redacted)" }
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}

extension SecretSources {
    /// The sealing key that the settings name, or nil when there is none there.
    ///
    /// A key at an absolute path must be private to its owner, who is this user or root.
    public func sealingKeyBytes() throws(SecretError) -> SealingKeyBytes? {
        switch sealingKey {
        case .credential(let name):
            guard let credentials, let bytes = try credentials.bytes(of: name, limit: Self.largestSecret) else {
                return nil
            }
            return SealingKeyBytes(bytes: bytes, origin: credentials.path(of: name))
        case .file(let path):
            do throws(FileError) {
                let bytes = try CheckedFile.read(path, .secret(limit: Self.largestSecret))
                return SealingKeyBytes(bytes: bytes, origin: path)
            } catch .missing {
                return nil
            } catch {
                throw .unreadable(name: "sealing_key", origin: path, reason: error.problem)
            }
        }
    }
}
