/// Many secrets, ordered so that a text is searched for all of them in one pass. It cannot print itself.
///
/// They are sorted in one block of bytes. A hundred thousand take little more memory than their texts, and a position
/// in a text is compared with only as many of them as a binary search needs, even when many share a prefix.
public struct SecretIndex: Sendable {
    /// The minimum length. Shorter secrets are parts of many words, and are only searched for in the answer to their
    /// own request.
    public static let minLength = 4

    /// The secrets in the order of their bytes, without separators.
    private var block: [UInt8] = []
    /// The start of each secret, and the end of the last one.
    private var begins: [Int32] = [0]
    /// For each secret, the longest other one that is a prefix of it; its own position for none.
    private var parents: [Int32] = []
    /// The first bytes of the secrets: most positions of a text are skipped by this alone.
    private var starts: Set<UInt32> = []

    /// Creates an empty index.
    public init() {}

    /// Creates an index of `secrets`, without those under ``minLength`` bytes.
    public init(_ secrets: some Sequence<String>) {
        let texts = secrets.filter { $0.utf8.count >= Self.minLength }
        // Swift orders strings by their canonical form, which is the order of their bytes for ASCII alone.
        let isPlain = texts.allSatisfy { text in text.utf8.allSatisfy { $0 < 0x80 } }
        let sorted = isPlain ? texts.sorted() : texts.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        block.reserveCapacity(sorted.reduce(0) { $0 + $1.utf8.count })
        parents.reserveCapacity(sorted.count)
        begins.reserveCapacity(sorted.count + 1)
        // The secrets that are prefixes of the latest one, shortest first.
        var open: [Int32] = []
        for text in sorted {
            let place = Int32(parents.count)
            while let last = open.last, !text.utf8.starts(with: secret(Int(last))) { open.removeLast() }
            if let last = open.last, secret(Int(last)).count == text.utf8.count { continue }
            parents.append(open.last ?? place)
            open.append(place)
            block += text.utf8
            begins.append(Int32(clamping: block.count))
            if let start = Self.start(of: secret(Int(place))) { starts.insert(start) }
        }
    }

    /// Returns whether `text` is one of the secrets. A text under ``minLength`` bytes never is.
    public func holds(_ text: String) -> Bool {
        guard text.utf8.count >= Self.minLength else { return false }
        return longest(at: Array(text.utf8)[...]) == text.utf8.count
    }

    /// Every secret, as input for another index. Never show one.
    public var texts: [String] { parents.indices.map { String(decoding: secret($0), as: UTF8.self) } }

    /// Returns `text` with every secret replaced.
    public func redacting(_ text: String) -> String {
        String(decoding: redacting(Array(text.utf8)), as: UTF8.self)
    }

    /// Returns `bytes` with every secret replaced.
    func redacting(_ bytes: [UInt8]) -> [UInt8] {
        guard !parents.isEmpty else { return bytes }
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if let count = longest(at: bytes[index...]) {
                result += Redaction.placeholder.utf8
                index += count
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return result
    }

    /// Returns the length of the longest secret that is a prefix of `rest`; nil for none.
    private func longest(at rest: ArraySlice<UInt8>) -> Int? {
        guard let start = Self.start(of: rest), starts.contains(start) else { return nil }
        // The last secret that is not after `rest`: every secret that is a prefix of `rest` is also a prefix of this
        // one.
        var (low, high) = (0, parents.count)
        while low < high {
            let middle = (low + high) / 2
            if rest.lexicographicallyPrecedes(secret(middle)) { high = middle } else { low = middle + 1 }
        }
        guard low > 0 else { return nil }
        var place = low - 1
        while !rest.starts(with: secret(place)) {
            let parent = Int(parents[place])
            guard parent != place else { return nil }
            place = parent
        }
        return secret(place).count
    }

    private func secret(_ place: Int) -> ArraySlice<UInt8> { block[Int(begins[place])..<Int(begins[place + 1])] }

    private static func start(of bytes: ArraySlice<UInt8>) -> UInt32? {
        guard bytes.count >= minLength else { return nil }
        return bytes.prefix(minLength).reduce(0) { $0 << 8 | UInt32($1) }
    }
}

extension SecretIndex: CustomStringConvertible, CustomReflectable {
    public var description: String { "SecretIndex(redacted)" }
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
