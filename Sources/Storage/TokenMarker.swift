import Crypto
import Foundation
public import Planning

/// Tells whether a token's value is another than before, without keeping the value.
///
/// A mark is a keyed hash under a salt of the store's own: tokens are long and random, so the value cannot be found from
/// it by trying, and marks of two stores cannot be compared.
public struct TokenMarker: Sendable {
    private let salt: SymmetricKey

    init(salt: [UInt8]) { self.salt = SymmetricKey(data: salt) }

    /// The mark of a token's value: 16 hexadecimal digits.
    public func mark(of token: Token) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Data(token.reveal().utf8), using: salt)
        return code.prefix(8).map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined()
    }
}
