/// Keys in ascending order, of which the first is taken most often.
///
/// They are kept the other way round, so that taking the first moves nothing.
struct SortedQueue<Key: Comparable & Sendable>: Sendable {
    private var descending: [Key] = []

    var isEmpty: Bool { descending.isEmpty }
    var first: Key? { descending.last }

    /// The keys in their order.
    var ascending: ReversedCollection<[Key]> { descending.reversed() }

    mutating func insert(_ key: Key) {
        descending.insert(key, at: position(of: key))
    }

    /// Removes a key that is there.
    mutating func remove(_ key: Key) {
        let position = position(of: key)
        precondition(
            position < descending.count && descending[position] == key, "a key that is removed is in the queue")
        descending.remove(at: position)
    }

    /// The first index whose key is not above `key`.
    private func position(of key: Key) -> Int {
        var (low, high) = (0, descending.count)
        while low < high {
            let middle = (low + high) / 2
            if descending[middle] > key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
