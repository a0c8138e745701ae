/// One of n disjoint parts of a fleet: `0/4` is the first of four, `0/1` the whole, and `none` no part at all.
///
/// Each number belongs to exactly one part, by rendezvous (highest random weight) hashing: every part draws a weight for
/// the number, and the highest wins. A part that is added takes only the numbers that it wins, about 1/(n+1) of all, and
/// every other number stays where it is.
public struct Shard: Hashable, Sendable, LosslessStringConvertible {
    /// Which part this is, from 0: the ordinal of a workload as it is.
    public let index: Int
    /// How many parts there are; 0 for no part.
    public let count: Int

    /// The most parts of one fleet.
    public static let mostParts = 1024
    /// The only part of a fleet that is not divided.
    public static let whole = Shard(validIndex: 0, of: 1)
    /// No number: for a store that gives away all that it has.
    public static let nothing = Shard(validIndex: 0, of: 0)

    /// The part `index` of `count`; nil unless there is one.
    public init?(_ index: Int, of count: Int) {
        guard (1...Self.mostParts).contains(count), (0..<count).contains(index) else { return nil }
        self.init(validIndex: index, of: count)
    }

    /// The part that ``description`` stands for; nil for anything else.
    public init?(_ text: String) {
        if text == "none" {
            self = .nothing
            return
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let index = Self.whole(parts[0]), let count = Self.whole(parts[1]) else { return nil }
        self.init(index, of: count)
    }

    private init(validIndex index: Int, of count: Int) {
        self.index = index
        self.count = count
    }

    public var description: String { isNone ? "none" : "\(index)/\(count)" }

    /// Whether the fleet is not divided.
    public var isWhole: Bool { count == 1 }

    /// Whether it is no part at all.
    public var isNone: Bool { count == 0 }

    /// Whether this part has `number`.
    public func owns(_ number: PhoneNumber) -> Bool {
        isWhole || (!isNone && Self.owner(of: number, among: count) == index)
    }

    /// Which of `count` parts has `number`.
    ///
    /// The weights are the outputs of SplitMix64 that begin with the number's hash, one a part. They are fixed for good:
    /// with other weights the whole fleet would move. Of equal ones the first wins, so that a part that is added never
    /// takes what it does not win.
    public static func owner(of number: PhoneNumber, among count: Int) -> Int {
        precondition(count > 0, "a fleet has at least one part")
        var state = number.stableHash
        var (winner, highest) = (0, UInt64.min)
        for index in 0..<count {
            state &+= 0x9e37_79b9_7f4a_7c15
            let weight = mixed(state)
            if index == 0 || weight > highest { (winner, highest) = (index, weight) }
        }
        return winner
    }

    /// SplitMix64's finalizer: every bit of the input moves about half of the output's.
    private static func mixed(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }

    /// A whole number in up to four digits, without a sign and without leading zeros.
    private static func whole(_ digits: Substring) -> Int? {
        guard (1...4).contains(digits.utf8.count), digits.utf8.allSatisfy({ (48...57).contains($0) }),
            digits == "0" || digits.first != "0"
        else { return nil }
        return Int(digits)
    }
}

/// A store's part of the fleet became another one.
public struct ShardChange: Hashable, Sendable {
    /// Under which the state in force was taken; nil when none is in force yet.
    public let from: Shard?
    /// Which the settings name now.
    public let to: Shard
    /// Numbers of the new part that this store knows nothing of, or nothing any more: other stores may hold their PINs.
    public let unknown: Int

    public init(from: Shard?, to: Shard, unknown: Int) {
        self.from = from
        self.to = to
        self.unknown = unknown
    }
}
