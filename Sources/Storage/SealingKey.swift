import Crypto
import Files
import Foundation
import Planning

/// The key that seals PINs in the store: 32 bytes. It cannot print itself.
public struct SealingKey: Sendable {
    let symmetricKey: SymmetricKey
    /// The key's identifier, which does not reveal it: 16 hexadecimal digits, from SHA-256 over a label and the key.
    public let id: String

    /// The length of a key.
    public static let byteCount = 32

    /// Creates a key from its bytes; nil unless there are 32 that are not all equal (an emptied file, a placeholder).
    public init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount, Set(bytes).count > 1 else { return nil }
        symmetricKey = SymmetricKey(data: bytes)
        var hash = SHA256()
        hash.update(data: Array("twostepd sealing key id\n".utf8))
        hash.update(data: bytes)
        id = hash.finalize().prefix(8).hexadecimal
    }

    /// Creates a key from the content of a file or a credential: 32 raw bytes, 64 hexadecimal digits or base64,
    /// followed by at most one line end. Nil for anything else.
    public init?(content: [UInt8]) {
        if content.count == Self.byteCount {
            self.init(bytes: content)
            return
        }
        var body = content[...]
        if body.last == UInt8(ascii: "\n") { body = body.dropLast() }
        if body.count < content.count, body.last == UInt8(ascii: "\r") { body = body.dropLast() }
        switch body.count {
        case Self.byteCount:
            self.init(bytes: Array(body))
        case 2 * Self.byteCount:
            guard var bytes = Self.bytes(hexadecimal: body) else { return nil }
            defer { bytes.wipe() }
            self.init(bytes: bytes)
        case 44:
            guard let data = Data(base64Encoded: Data(body)) else { return nil }
            self.init(bytes: Array(data))
        default:
            return nil
        }
    }

    /// Returns a new key from the system's random number generator.
    public static func random() -> SealingKey {
        var generator = SystemRandomNumberGenerator()
        return random(using: &generator)
    }

    /// Returns a new key from `generator`, which must be cryptographically secure.
    public static func random(using generator: inout some RandomNumberGenerator) -> SealingKey {
        var bytes = (0..<byteCount).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        defer { bytes.wipe() }
        guard let key = SealingKey(bytes: bytes) else {
            preconditionFailure("the random number generator gave 32 equal bytes")
        }
        return key
    }

    /// The content of the key's file: 64 hexadecimal digits and a line end.
    var fileContent: [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        return symmetricKey.withUnsafeBytes { $0.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] } }
            + [UInt8(ascii: "\n")]
    }

    /// Returns the bytes of pairs of hexadecimal digits; nil when the text is not hexadecimal.
    static func bytes(hexadecimal digits: ArraySlice<UInt8>) -> [UInt8]? {
        guard digits.count.isMultiple(of: 2) else { return nil }
        let values = digits.map { Character(UnicodeScalar($0)).hexDigitValue }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: values.count - 1, by: 2) {
            guard let high = values[index], let low = values[index + 1] else { return nil }
            bytes.append(UInt8(high * 16 + low))
        }
        return bytes
    }
}

extension SealingKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "SealingKey(\(id))" }
    public var debugDescription: String { "SealingKey(\(id))" }
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}

extension SealingKey {
    /// Creates a new key in a new file with mode 0600; durable when it returns.
    ///
    /// The file appears complete or not at all. Throws ``StorageError/keyExists(path:)`` when the file already exists.
    public static func generate(file path: String) throws(StorageError) -> SealingKey {
        try generate(file: path, nil, owner: nil)
    }

    /// Does the same with a given key, and for root also with another owner than the directory's.
    static func generate(
        file path: String, _ given: SealingKey?, owner: UInt32?
    ) throws(StorageError) -> SealingKey {
        let key = given ?? random()
        var content = key.fileContent
        defer { content.wipe() }
        do throws(FileError) {
            let owner: WritePolicy.Owner = owner.map { .user($0) } ?? .directory
            try AtomicFile.write(content, to: path, WritePolicy(existing: .stays, owner: owner))
        } catch {
            throw StorageError(key: error)
        }
        return key
    }

    /// Reads the key from a file that belongs to this user or root, and that no one else can read.
    public static func load(file path: String) throws(StorageError) -> SealingKey {
        var content: [UInt8]
        do throws(FileError) {
            content = try CheckedFile.read(path, .key)
        } catch {
            throw StorageError(key: error)
        }
        defer { content.wipe() }
        guard let key = SealingKey(content: content) else { throw .keyMalformed(source: path) }
        return key
    }
}

extension ReadPolicy {
    /// The policy for a key file: private to its owner. Root may use the key of any user.
    fileprivate static let key = ReadPolicy(limit: 128, owner: .userOrAnyoneForRoot, forbidden: 0o077)
}
