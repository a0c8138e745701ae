extension Instant: LosslessStringConvertible {
    /// UTC ISO 8601 with milliseconds: `2026-11-01T00:00:00.000Z`.
    public var description: String {
        let day = Self.floorDivide(millisecondsSinceEpoch, by: 86_400_000)
        let inDay = Int(millisecondsSinceEpoch - day * 86_400_000)
        let date = CivilDate(daysSinceEpoch: Int(day))
        // Every row of the history has such texts, so they are written in place, without intermediate strings.
        return String(unsafeUninitializedCapacity: Self.textLength) { bytes in
            Self.write(date.year, 4, at: 0, before: "-", to: bytes)
            Self.write(date.month, 2, at: 5, before: "-", to: bytes)
            Self.write(date.day, 2, at: 8, before: "T", to: bytes)
            Self.write(inDay / 3_600_000, 2, at: 11, before: ":", to: bytes)
            Self.write(inDay / 60_000 % 60, 2, at: 14, before: ":", to: bytes)
            Self.write(inDay / 1000 % 60, 2, at: 17, before: ".", to: bytes)
            Self.write(inDay % 1000, 3, at: 20, before: "Z", to: bytes)
            return Self.textLength
        }
    }

    /// The length of ``description`` in bytes.
    private static let textLength = 24

    /// Writes a number in `width` digits, followed by the character `end`.
    private static func write(
        _ number: Int, _ width: Int, at position: Int, before end: Unicode.Scalar,
        to bytes: UnsafeMutableBufferPointer<UInt8>
    ) {
        var rest = number
        for index in stride(from: position + width - 1, through: position, by: -1) {
            bytes[index] = UInt8(48 + rest % 10)
            rest /= 10
        }
        bytes[position + width] = UInt8(ascii: end)
    }

    /// Creates an instant from RFC 3339 text: a date, `T`, a time with optional fraction, and `Z` or an offset such as
    /// `+02:00`.
    ///
    /// Digits of the fraction beyond milliseconds are dropped. A leap second (`:60`) is not accepted.
    public init?(_ text: String) {
        if let instant = Self.canonical(text) {
            self = instant
            return
        }
        var reader = DigitReader(text)
        guard let year = reader.number(4), reader.skip("-"), let month = reader.number(2), reader.skip("-"),
            let day = reader.number(2), reader.skip("T") || reader.skip("t"),
            let hour = reader.number(2), reader.skip(":"), let minute = reader.number(2), reader.skip(":"),
            let second = reader.number(2), let date = CivilDate(year: year, month: month, day: day),
            hour < 24, minute < 60, second < 60
        else { return nil }
        var milliseconds = 0
        if reader.skip(".") {
            guard let fraction = reader.fraction() else { return nil }
            milliseconds = fraction
        }
        var offsetMinutes = 0
        if !(reader.skip("Z") || reader.skip("z")) {
            let sign = reader.skip("+") ? 1 : reader.skip("-") ? -1 : 0
            guard sign != 0, let hours = reader.number(2), reader.skip(":"), let minutes = reader.number(2),
                hours < 24, minutes < 60
            else { return nil }
            offsetMinutes = sign * (hours * 60 + minutes)
        }
        guard reader.isAtEnd else { return nil }
        let minutes = date.daysSinceEpoch * 1440 + hour * 60 + minute - offsetMinutes
        let instant = Instant(millisecondsSinceEpoch: Int64(minutes) * 60_000 + Int64(second * 1000 + milliseconds))
        guard instant >= .distantPast, instant <= .distantFuture else { return nil }
        self = instant
    }

    /// Creates an instant from the UTF-8 bytes of such a text.
    public init?(utf8 bytes: UnsafeBufferPointer<UInt8>) {
        guard let instant = Self.canonical(bytes) ?? Instant(String(decoding: bytes, as: UTF8.self)) else { return nil }
        self = instant
    }

    /// Parses the form that ``description`` gives; nil for every other, and for a day or hour that does not exist.
    private static func canonical(_ text: String) -> Instant? {
        text.utf8.withContiguousStorageIfAvailable { canonical($0) } ?? nil
    }

    private static func canonical(_ bytes: UnsafeBufferPointer<UInt8>) -> Instant? {
        guard bytes.count == textLength, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[10] == UInt8(ascii: "T"), bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            bytes[19] == UInt8(ascii: "."), bytes[23] == UInt8(ascii: "Z"),
            let year = number(bytes[0..<4]), let month = number(bytes[5..<7]), let day = number(bytes[8..<10]),
            let hour = number(bytes[11..<13]), let minute = number(bytes[14..<16]),
            let second = number(bytes[17..<19]), let milliseconds = number(bytes[20..<23]),
            let date = CivilDate(year: year, month: month, day: day), hour < 24, minute < 60, second < 60
        else { return nil }
        let minutes = date.daysSinceEpoch * 1440 + hour * 60 + minute
        return Instant(millisecondsSinceEpoch: Int64(minutes * 60_000 + second * 1000 + milliseconds))
    }

    private static func number(_ digits: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
        var value = 0
        for byte in digits {
            guard (48...57).contains(byte) else { return nil }
            value = value * 10 + Int(byte - 48)
        }
        return value
    }

    private static func floorDivide(_ value: Int64, by divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : (value - divisor + 1) / divisor
    }
}

/// Reads fixed runs of ASCII digits and single separators from a short text.
struct DigitReader {
    private let bytes: [UInt8]
    private var position = 0

    /// Creates a reader. A text of more than 64 bytes reads as empty: no valid text is that long, and its tail must not
    /// be ignored.
    init(_ text: String) {
        bytes = text.utf8.count <= 64 ? Array(text.utf8) : []
    }

    var isAtEnd: Bool { position == bytes.count }

    /// Reads exactly `width` digits; nil when there are fewer.
    mutating func number(_ width: Int) -> Int? {
        guard position + width <= bytes.count else { return nil }
        var value = 0
        for byte in bytes[position..<position + width] {
            guard (48...57).contains(byte) else { return nil }
            value = value * 10 + Int(byte - 48)
        }
        position += width
        return value
    }

    /// Returns true when the next byte is `character`, and consumes it.
    mutating func skip(_ character: Character) -> Bool {
        guard position < bytes.count, bytes[position] == character.asciiValue else { return false }
        position += 1
        return true
    }

    /// Reads one or more digits as a decimal fraction of a second, in milliseconds; nil when there are none.
    mutating func fraction() -> Int? {
        var digits = 0
        var value = 0
        while position < bytes.count, (48...57).contains(bytes[position]) {
            if digits < 3 { value = value * 10 + Int(bytes[position] - 48) }
            digits += 1
            position += 1
        }
        guard digits > 0 else { return nil }
        for _ in min(digits, 3)..<3 { value *= 10 }
        return value
    }
}
