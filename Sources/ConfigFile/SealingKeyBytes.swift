import Files

/// The bytes of the sealing key as they are in its file, and the file's path. It cannot print itself.
public struct SealingKeyBytes: Sendable, CustomStringConvertible, CustomReflectable {
    /// The file's bytes, at most 4 KiB; the store checks their format.
    public private(set) var bytes: [UInt8]
    /// The path of the file.
    public let origin: String

    /// Overwrites the bytes, when the key was created from them.
    public mutating func wipe() { bytes.wipe() }

    public var description: String { "SealingKeyBytes(redacted)" }
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}

extension SecretSources {
    /// Returns the sealing key that the settings name; nil when it does not exist.
    ///
    /// A key at an absolute path must be private to its owner, who must be this user or root.
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
