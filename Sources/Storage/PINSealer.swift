import Crypto
import Files
import Foundation
public import Planning

/// Seals PINs for the store and opens them again: ChaCha20-Poly1305 (RFC 8439) with a random nonce.
///
/// Number and generation are the associated data, so that a sealed PIN opens only in the row for which it was sealed.
public struct PINSealer: Sendable {
    private let key: SealingKey

    /// Creates a sealer with this key.
    public init(key: SealingKey) {
        self.key = key
    }

    /// The id of the sealer's key.
    public var keyID: String { key.id }

    /// The length of a sealed PIN: nonce, six digits, tag.
    static let sealedByteCount = 12 + 6 + 16

    /// Returns the sealed form of a PIN, which differs at each call.
    public func seal(_ pin: PIN, number: PhoneNumber, generation: Int) -> [UInt8] {
        do {
            var digits = Array(pin.reveal().utf8)
            defer { digits.wipe() }
            let box = try ChaChaPoly.seal(
                digits, using: key.symmetricKey,
                authenticating: Self.associatedData(number, generation)
            )
            return Array(box.combined)
        } catch {
            preconditionFailure("sealing six bytes under a 32-byte key cannot fail: \(error)")
        }
    }

    /// Returns the PIN in `sealed`. `keyID` is the id of the key under which the row was sealed, as the row says.
    ///
    /// - Throws: ``StorageError/sealedPINUnreadable(number:generation:keyID:problem:)``.
    public func open(
        _ sealed: [UInt8], number: PhoneNumber, generation: Int, keyID: String
    ) throws(StorageError) -> PIN {
        guard keyID == key.id else {
            throw .sealedPINUnreadable(
                number: number, generation: generation, keyID: keyID,
                problem: "the key given is \(key.id); give the key it was sealed under"
            )
        }
        var opened = Self.open(sealed, with: key, Self.associatedData(number, generation))
        defer { opened?.wipe() }
        guard let digits = opened,
            let pin = PIN(digits: String(decoding: digits, as: UTF8.self))
        else {
            throw .sealedPINUnreadable(
                number: number, generation: generation, keyID: keyID,
                problem: "the row was altered, or moved from another number or generation; restore a backup"
            )
        }
        return pin
    }

    /// The marker of operator-owned PINs, with a key that is derived from this one.
    var operatorPINMarker: OperatorPINMarker {
        OperatorPINMarker(
            key: HKDF<SHA256>.deriveKey(
                inputKeyMaterial: key.symmetricKey, info: Array("twostepd operator PIN mark\n".utf8),
                outputByteCount: 32))
    }

    /// Returns the sealed form of the audit chain's key.
    func seal(auditKey: SymmetricKey) -> [UInt8] {
        do {
            var bytes = auditKey.withUnsafeBytes { Array($0) }
            defer { bytes.wipe() }
            return Array(
                try ChaChaPoly.seal(bytes, using: key.symmetricKey, authenticating: Self.auditKeyData).combined)
        } catch {
            preconditionFailure("sealing 32 bytes under a 32-byte key cannot fail: \(error)")
        }
    }

    /// Opens the audit chain's key.
    func open(auditKey sealed: [UInt8], keyID: String) throws(StorageError) -> SymmetricKey {
        guard keyID == key.id else { throw .wrongKey(needed: keyID, have: key.id) }
        guard var bytes = Self.open(sealed, with: key, Self.auditKeyData) else {
            throw .unreadableRow(table: "audit_state", key: "1", column: "sealed_key")
        }
        defer { bytes.wipe() }
        return SymmetricKey(data: bytes)
    }

    private static let auditKeyData = Array("twostepd audit key\n".utf8)

    /// Returns nil when the box does not authenticate. Only an attacker could use the details of the failure.
    private static func open(_ sealed: [UInt8], with key: SealingKey, _ associatedData: [UInt8]) -> [UInt8]? {
        guard let box = try? ChaChaPoly.SealedBox(combined: sealed),
            var data = try? ChaChaPoly.open(box, using: key.symmetricKey, authenticating: associatedData)
        else { return nil }
        defer { data.resetBytes(in: data.indices) }
        return Array(data)
    }

    private static func associatedData(_ number: PhoneNumber, _ generation: Int) -> [UInt8] {
        Array("twostepd pin\n\(number)\n\(generation)".utf8)
    }
}
