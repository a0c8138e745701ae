import Crypto
import Files
import Foundation
public import Planning

/// Seals PINs for the store and opens them again: ChaCha20-Poly1305 (RFC 8439) with a random nonce.
///
/// Number and generation are the associated data, so that a sealed PIN opens only in the row it was made for.
public struct PINSealer: Sendable {
    private let key: SealingKey

    /// A sealer with this key.
    public init(key: SealingKey) {
        self.key = key
    }

    /// The id of the key that seals.
    public var keyID: String { key.id }

    /// How many bytes a sealed PIN has: nonce, six digits, tag.
    static let sealedByteCount = 12 + 6 + 16

    /// The sealed form of a PIN; another one at each call.
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

    /// The PIN in its sealed form. `keyID` is the id of the key that the row says it was sealed under.
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

    /// Makes marks of operator-owned PINs with a key that is derived from this one.
    var operatorPINMarker: OperatorPINMarker {
        OperatorPINMarker(
            key: HKDF<SHA256>.deriveKey(
                inputKeyMaterial: key.symmetricKey, info: Array("twostepd operator PIN mark\n".utf8),
                outputByteCount: 32))
    }

    /// The sealed form of the audit chain's key.
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

    /// The audit chain's key in its sealed form.
    func open(auditKey sealed: [UInt8], keyID: String) throws(StorageError) -> SymmetricKey {
        guard keyID == key.id else { throw .wrongKey(needed: keyID, have: key.id) }
        guard var bytes = Self.open(sealed, with: key, Self.auditKeyData) else {
            throw .unreadableRow(table: "audit_state", key: "1", column: "sealed_key")
        }
        defer { bytes.wipe() }
        return SymmetricKey(data: bytes)
    }

    private static let auditKeyData = Array("twostepd audit key\n".utf8)

    /// Nil when the box does not authenticate: which way it fails makes no difference to anybody but an attacker.
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
