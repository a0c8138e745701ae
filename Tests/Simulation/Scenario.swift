import Dice
import Planning

/// The conditions of one run, all from its seed.
struct Scenario {
    /// The count of numbers that exist at the vendor, in the file or not.
    static let fleetSize = 8
    /// The count of events after which the weather clears, whatever is left of the duration.
    static let stormyEvents = 2500

    var policy = Policy()
    /// The time of disturbances before the final healthy period.
    let duration: Milliseconds
    /// The probability of a crash at each point at which something is under way.
    var crashChance: Double
    /// The probability of another disturbance soon after a request departs.
    var mishapChance: Double
    /// The probability of a fault of a request while the weather is mixed.
    let faultRate: Double
    /// The maximum duration of a commit, from its submission to its confirmation.
    let slowestCommit: Milliseconds
    let accounts: [VendorAccount]
    let numbers: [PhoneNumber]

    init(using random: inout SplitMix64) {
        duration =
            random.chance(0.25)
            ? random.span(12 * .hour...3 * .day) : random.span(14 * .day...120 * .day)
        crashChance = random.pick([0, 0.002, 0.01, 0.03])
        mishapChance = random.pick([0, 0.01, 0.05])
        faultRate = random.pick([0.05, 0.2, 0.5])
        slowestCommit = random.pick([5, 100, 2000])
        numbers = (0..<Self.fleetSize).map { index in
            guard let number = PhoneNumber("+1555010000\(index)") else { preconditionFailure("a valid number") }
            return number
        }
        let common = random.chance(0.6) ? VendorSemantics.random(using: &random) : nil
        accounts = (0..<Self.fleetSize).map { _ in
            let vendor: Vendor = random.chance(0.15) ? .whatsapp : .pickyAssist
            let own = common ?? VendorSemantics.random(using: &random)
            return VendorAccount(
                vendor: vendor, semantics: vendor == .whatsapp ? .whatsapp : own,
                truth: random.chance(0.6) ? .foreign(Self.pin(using: &random)) : .off
            )
        }
        policy.settleDelay = .seconds(random.pick([120, 600, 600, 1800]))
        policy.requestsPerMinute = random.pick([60, 60, 6, 3, nil])
        policy.writesPerHour = random.pick([20, 20, 10, 6, nil])
        policy.writesPerHourExposed = random.pick([120, 120, 30, nil])
        policy.concurrency = random.pick([8, 8, 1, 2, nil])
        policy.maxExposed = random.pick([4, 1, 2, 2, nil])
        policy.zones = Self.offsets
    }

    /// Returns any six digits.
    static func pin(using random: inout SplitMix64) -> PIN {
        guard let pin = PIN(digits: String(random.int(100_000...999_999))) else {
            preconditionFailure("six digits are a PIN")
        }
        return pin
    }

    /// Returns time zones: two fixed ones, and one whose clock changes every half year.
    @Sendable static func offsets(of zone: String) -> ZoneOffsets? {
        switch zone {
        case "UTC": return .utc
        case "Fixed/Plus2": return ZoneOffsets(firstOffsetSeconds: 7200, changes: [])
        case "Fixed/Minus5": return ZoneOffsets(firstOffsetSeconds: -18_000, changes: [])
        case "Changing/Summer":
            let changes = (0..<8).map { half in
                ZoneOffsets.Change(
                    at: World.start.advanced(by: .milliseconds((30 + 182 * Milliseconds(half)) * .day)),
                    offsetSeconds: half % 2 == 0 ? 7200 : 3600
                )
            }
            return ZoneOffsets(firstOffsetSeconds: 3600, changes: changes)
        default: return nil
        }
    }

    static let windows = [
        "Mon-Fri 09:00-17:00 Fixed/Plus2", "Sat,Sun 22:00-04:00 Fixed/Minus5", "daily 01:30-03:30 Changing/Summer",
        "Wed 10:00-10:30 UTC",
    ]
}
