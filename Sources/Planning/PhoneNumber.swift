/// A telephone number in E.164 form: `+`, a first digit 1-9, 7 to 15 digits in all (ITU-T E.164, section 6).
public struct PhoneNumber: Hashable, Sendable, Comparable, LosslessStringConvertible {
    /// The number with its leading `+`, as written.
    public let description: String

    /// The number in `text`, or nil when it is not strict E.164: no spaces, dashes or leading `00`.
    public init?(_ text: String) {
        let bytes = text.utf8
        guard (8...16).contains(bytes.count), bytes.first == UInt8(ascii: "+") else { return nil }
        let digits = bytes.dropFirst()
        guard digits.first != UInt8(ascii: "0"), digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
        description = text
    }

    public static func < (left: PhoneNumber, right: PhoneNumber) -> Bool {
        left.description < right.description
    }

    /// A stable 64-bit hash (FNV-1a), the same in every process, for spreading due times over the fleet and the fleet over
    /// its shards. It is fixed for good: with another one the numbers of a divided fleet would belong to other stores.
    public var stableHash: UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in description.utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
        }
        // FNV's high bits barely move over short, similar inputs; a final mix makes all of them usable.
        hash ^= hash >> 33
        hash = hash &* 0xff51_afd7_ed55_8ccd
        return hash ^ (hash >> 33)
    }
}
