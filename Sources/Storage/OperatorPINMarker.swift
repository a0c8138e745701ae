import Crypto
import Files
import Planning

/// Tells whether the value of an operator-owned PIN is another than before, without keeping the value.
///
/// A mark depends on the PIN and its name, not on the number. Nothing can be told from it without the key: a plain hash
/// would not do, because there are only a million PINs to try. The key is derived from the sealing key, so marks of two
/// stores cannot be compared, and no mark outlives its sealing key.
struct OperatorPINMarker: Sendable {
    /// A code before its first byte, with the key in it: a fleet may have many such PINs.
    private let code: HMAC<SHA256>

    init(key: SymmetricKey) { code = HMAC<SHA256>(key: key) }

    /// The mark of a PIN: 32 hexadecimal digits.
    func mark(of pin: PIN, named name: String) -> String {
        var code = code
        var bytes = Array("\(name)\n\(pin.reveal())".utf8)
        defer { bytes.wipe() }
        code.update(data: bytes)
        return code.finalize().prefix(16).hexadecimal
    }
}
