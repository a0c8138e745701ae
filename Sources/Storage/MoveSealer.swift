import Crypto
import Foundation
import Planning

/// Seals what travels from one store to another under a transport key, and vouches for all of it.
///
/// A PIN is sealed with the bundle, the number and the generation as associated data: it opens in its own place only.
/// Each line carries a code over itself and all lines before it, so that none can be changed, dropped, added or swapped.
struct MoveSealer: Sendable {
    /// The version of the format, a part of everything that is sealed or vouched for.
    static let version = 1

    private let key: SealingKey
    private let macKey: SymmetricKey
    private let bundle: String
    private var mac: [UInt8] = []

    init(key: SealingKey, bundle: String) {
        self.key = key
        self.bundle = bundle
        macKey = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: key.symmetricKey, info: Data("twostepd move \(Self.version) lines\n\(bundle)".utf8),
            outputByteCount: 32)
    }

    func seal(_ pin: PIN, number: PhoneNumber, generation: Int) -> [UInt8] {
        do {
            var digits = Array(pin.reveal().utf8)
            defer { digits.wipe() }
            let box = try ChaChaPoly.seal(
                digits, using: key.symmetricKey, authenticating: associatedData(number, generation))
            return Array(box.combined)
        } catch {
            preconditionFailure("sealing six bytes under a 32-byte key cannot fail: \(error)")
        }
    }

    /// The PIN in its sealed form; nil when it was not sealed for this place.
    func open(_ sealed: [UInt8], number: PhoneNumber, generation: Int) -> PIN? {
        guard let box = try? ChaChaPoly.SealedBox(combined: sealed),
            var data = try? ChaChaPoly.open(
                box, using: key.symmetricKey, authenticating: associatedData(number, generation))
        else { return nil }
        defer { data.resetBytes(in: data.indices) }
        return PIN(digits: String(decoding: data, as: UTF8.self))
    }

    /// The code of the next line, 64 hexadecimal digits.
    mutating func vouch(for line: [UInt8]) -> String {
        mac = Array(HMAC<SHA256>.authenticationCode(for: mac + line, using: macKey))
        return mac.hexadecimal
    }

    private func associatedData(_ number: PhoneNumber, _ generation: Int) -> [UInt8] {
        Array("twostepd move \(Self.version) pin\n\(bundle)\n\(number)\n\(generation)".utf8)
    }
}
