extension Instant: LosslessStringConvertible {
    /// UTC ISO 8601 with milliseconds: `2026-11-01T00:00:00.000Z`.
    public var description: String {
        let day = Self.floorDivide(millisecondsSinceEpoch, by: 86_400_000)
        let inDay = millisecondsSinceEpoch - day * 86_400_000
        let date = CivilDate(daysSinceEpoch: Int(day))
        return Self.padded(Int64(date.year), 4) + "-" + Self.padded(Int64(date.month), 2) + "-"
            + Self.padded(Int64(date.day), 2) + "T" + Self.padded(inDay / 3_600_000, 2) + ":"
            + Self.padded(inDay / 60_000 % 60, 2) + ":" + Self.padded(inDay / 1000 % 60, 2) + "."
            + Self.padded(inDay % 1000, 3) + "Z"
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

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
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
