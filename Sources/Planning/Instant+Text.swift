extension Instant: LosslessStringConvertible {
    /// UTC ISO 8601 with milliseconds: `2026-11-01T00:00:00.000Z`.
    public var description: String {
        let day = Self.floorDivide(millisecondsSinceEpoch, by: 86_400_000)
        let inDay = millisecondsSinceEpoch - day * 86_400_000
        let date = CivilDate(daysSinceEpoch: Int(day))
        // Every row of the store has several: written digit by digit, because text that is put together is slow.
        return String(unsafeUninitializedCapacity: 24) { buffer in
            var writer = DigitWriter(buffer: buffer)
            writer.write(date.year, width: 4, then: "-")
            writer.write(date.month, width: 2, then: "-")
            writer.write(date.day, width: 2, then: "T")
            writer.write(Int(inDay / 3_600_000), width: 2, then: ":")
            writer.write(Int(inDay / 60_000 % 60), width: 2, then: ":")
            writer.write(Int(inDay / 1000 % 60), width: 2, then: ".")
            writer.write(Int(inDay % 1000), width: 3, then: "Z")
            return writer.position
        }
    }

    /// Reads RFC 3339: a date, `T`, a time with optional fraction, and `Z` or an offset such as `+02:00`.
    ///
    /// Digits of the fraction beyond milliseconds are dropped. A leap second (`:60`) is not accepted.
    public init?(_ text: String) {
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

    private static func floorDivide(_ value: Int64, by divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : (value - divisor + 1) / divisor
    }
}

/// Writes fixed runs of ASCII digits and single separators into a buffer.
private struct DigitWriter {
    let buffer: UnsafeMutableBufferPointer<UInt8>
    private(set) var position = 0

    init(buffer: UnsafeMutableBufferPointer<UInt8>) { self.buffer = buffer }

    /// Writes the last `width` digits of `value`, which is not negative, and one ASCII character.
    mutating func write(_ value: Int, width: Int, then separator: Unicode.Scalar) {
        var rest = value
        for offset in (0..<width).reversed() {
            buffer[position + offset] = UInt8(48 + rest % 10)
            rest /= 10
        }
        buffer[position + width] = UInt8(ascii: separator)
        position += width + 1
    }
}

/// Reads fixed runs of ASCII digits and single separators from a short text.
struct DigitReader {
    private let bytes: [UInt8]
    private var position = 0

    /// A text of more than 64 bytes reads as empty: none that is meant is so long, and its tail must not be ignored.
    init(_ text: String) {
        bytes = text.utf8.count <= 64 ? Array(text.utf8) : []
    }

    var isAtEnd: Bool { position == bytes.count }

    /// The value of exactly `width` digits, or nil.
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

    /// True when the next byte is `character`, which is then consumed.
    mutating func skip(_ character: Character) -> Bool {
        guard position < bytes.count, bytes[position] == character.asciiValue else { return false }
        position += 1
        return true
    }

    /// One or more digits read as a decimal fraction of a second, in milliseconds.
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
