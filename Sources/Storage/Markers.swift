import Crypto
import Files
public import Planning

/// Detects a changed token value without storing the value.
///
/// A mark is a keyed hash under the store's own salt. Tokens are long and random, so the value cannot be found by
/// trying, and marks of two stores cannot be compared.
public struct TokenMarker: Sendable {
    private let salt: [UInt8]
    /// The code with the salt already mixed in: a fleet's tokens are marked over and over.
    private let code: HMAC<SHA256>

    init(salt: [UInt8]) {
        self.salt = salt
        code = HMAC<SHA256>(key: SymmetricKey(data: salt))
    }

    /// Creates the marker of the store at `location`, which another process may have open; nil when there is no store
    /// yet, or it cannot be read.
    public init?(at location: StoreLocation) {
        do throws(StorageError) {
            let reader = try StoreReader.open(at: location, key: nil)
            self = try reader.tokenMarker()
            try reader.close()
        } catch {
            return nil
        }
    }

    /// Returns the mark of a token's value: 16 hexadecimal digits.
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
    /// Returns true when both make the same marks.
    public static func == (left: TokenMarker, right: TokenMarker) -> Bool { left.salt == right.salt }
}

/// Detects a changed value of an operator-owned PIN without storing the value.
///
/// A mark depends on the PIN and its name, not on the number, and reveals nothing without the key. A plain hash would
/// not do, because there are only a million PINs to try. The key is derived from the sealing key, so marks of two
/// stores cannot be compared, and no mark outlives its sealing key.
public struct OperatorPINMarker: Sendable {
    /// The code with the key already mixed in: a fleet may have many such PINs.
    private let code: HMAC<SHA256>

    init(key: SymmetricKey) { code = HMAC<SHA256>(key: key) }

    /// Returns the mark of a PIN: 32 hexadecimal digits.
    public func mark(of pin: PIN, named name: String) -> String {
        var code = code
        var bytes = Array("\(name)\n\(pin.reveal())".utf8)
        defer { bytes.wipe() }
        code.update(data: bytes)
        return code.finalize().prefix(16).hexadecimal
    }
}

extension StoreReader {
    /// The marker of operator-owned PINs; nil without the key.
    public var operatorPINMarker: OperatorPINMarker? { sealer?.operatorPINMarker }
}
