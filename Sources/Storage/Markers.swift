import Crypto
import Files
public import Planning

/// Tells whether a token's value is another than before, without keeping the value.
///
/// A mark is a keyed hash under a salt of the store's own: tokens are long and random, so the value cannot be found from
/// it by trying, and marks of two stores cannot be compared.
public struct TokenMarker: Sendable {
    private let salt: [UInt8]
    /// A code before its first byte, with the salt in it: marks are made of every token of a fleet, over and over.
    private let code: HMAC<SHA256>

    init(salt: [UInt8]) {
        self.salt = salt
        code = HMAC<SHA256>(key: SymmetricKey(data: salt))
    }

    /// The marker of the store at `location`, whoever works on it; nil when there is none yet, or it cannot be read.
    public init?(at location: StoreLocation) {
        do throws(StorageError) {
            let reader = try StoreReader.open(at: location, key: nil)
            self = try reader.tokenMarker()
            try reader.close()
        } catch {
            return nil
        }
    }

    /// The mark of a token's value: 16 hexadecimal digits.
    public func mark(of token: Token) -> String {
        var code = code
        var text = token.reveal()
        text.withUTF8 { code.update(data: UnsafeRawBufferPointer($0)) }
        return code.finalize().withUnsafeBytes { bytes in
            String(unsafeUninitializedCapacity: 16) { digits in
                for (index, byte) in bytes.prefix(8).enumerated() {
                    digits[2 * index] = Self.digit(byte >> 4)
                    digits[2 * index + 1] = Self.digit(byte & 15)
                }
                return 16
            }
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}

extension TokenMarker: Equatable {
    /// Whether both give the same marks.
    public static func == (left: TokenMarker, right: TokenMarker) -> Bool { left.salt == right.salt }
}

/// Tells whether the value of an operator-owned PIN is another than before, without keeping the value.
///
/// A mark depends on the PIN and its name, not on the number. Nothing can be told from it without the key: a plain hash
/// would not do, because there are only a million PINs to try. The key is derived from the sealing key, so marks of two
/// stores cannot be compared, and no mark outlives its sealing key.
public struct OperatorPINMarker: Sendable {
    /// A code before its first byte, with the key in it: a fleet may have many such PINs.
    private let code: HMAC<SHA256>

    init(key: SymmetricKey) { code = HMAC<SHA256>(key: key) }

    /// The mark of a PIN: 32 hexadecimal digits.
    public func mark(of pin: PIN, named name: String) -> String {
        var code = code
        var bytes = Array("\(name)\n\(pin.reveal())".utf8)
        defer { bytes.wipe() }
        code.update(data: bytes)
        return code.finalize().prefix(16).hexadecimal
    }
}

extension StoreReader {
    /// Makes marks of operator-owned PINs; nil without the key.
    public var operatorPINMarker: OperatorPINMarker? { sealer?.operatorPINMarker }
}
