/// A telephone number in E.164 form: `+`, a first digit 1-9, 7 to 15 digits in all (ITU-T E.164, section 6).
public struct PhoneNumber: Hashable, Sendable, Comparable, LosslessStringConvertible {
    /// The digits from the left, four bits each, as 1…10; 0 after the last one. So the order of these values is the
    /// order of the texts, and fleets of numbers are compared and looked up without touching text.
    private let packed: UInt64

    /// Creates the number from `text`; nil when it is not strict E.164: no spaces, dashes or leading `00`.
    public init?(_ text: String) {
        var text = text
        guard let packed = text.withUTF8({ Self.packed($0) }) else { return nil }
        self.packed = packed
    }

    /// Creates the number from the UTF-8 bytes of a text, under the same rule.
    public init?(utf8 bytes: UnsafeBufferPointer<UInt8>) {
        guard let packed = Self.packed(bytes) else { return nil }
        self.packed = packed
    }

    // Not generic over collections: other modules would run it unspecialized, with a call for every digit.
    private static func packed(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64? {
        guard (8...16).contains(bytes.count), bytes[0] == UInt8(ascii: "+") else { return nil }
        var packed: UInt64 = 0
        var shift: UInt64 = 60
        for byte in bytes.dropFirst() {
            guard (48...57).contains(byte), shift < 60 || byte != UInt8(ascii: "0") else { return nil }
            packed |= UInt64(byte - 47) << shift
            shift -= 4
        }
        return packed
    }

    /// The number with its leading `+`, as written.
    public var description: String {
        String(unsafeUninitializedCapacity: 16) { buffer in
            buffer[0] = UInt8(ascii: "+")
            var count = 1
            forEachDigit { digit in
                buffer[count] = digit
                count += 1
            }
            return count
        }
    }

    public static func < (left: PhoneNumber, right: PhoneNumber) -> Bool {
        left.packed < right.packed
    }

    /// A stable 64-bit hash (FNV-1a), the same in every process, for spreading due times over the fleet. It must never
    /// change: with another hash every due time of a fleet would change with the version.
    public var stableHash: UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        let prime: UInt64 = 0x0000_0100_0000_01b3
        hash = (hash ^ UInt64(UInt8(ascii: "+"))) &* prime
        forEachDigit { digit in hash = (hash ^ UInt64(digit)) &* prime }
        // FNV's high bits barely move over short, similar inputs; a final mix makes all of them usable.
        hash ^= hash >> 33
        hash = hash &* 0xff51_afd7_ed55_8ccd
        return hash ^ (hash >> 33)
    }

    /// Calls `body` with each digit in ASCII, from the left.
    private func forEachDigit(_ body: (UInt8) -> Void) {
        var rest = packed
        while rest != 0 {
            body(UInt8(rest >> 60) + 47)
            rest <<= 4
        }
    }
}
