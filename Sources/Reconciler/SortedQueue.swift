/// Keys in ascending order. Removing the first key is the most frequent operation.
///
/// They are stored in descending order, so that removing the first key moves nothing.
struct SortedQueue<Key: Comparable & Sendable>: Sendable {
    private var descending: [Key] = []

    var isEmpty: Bool { descending.isEmpty }
    var first: Key? { descending.last }

    /// The keys in ascending order.
    var ascending: ReversedCollection<[Key]> { descending.reversed() }

    mutating func insert(_ key: Key) {
        descending.insert(key, at: position(of: key))
    }

    /// Removes a key, which must be in the queue.
    mutating func remove(_ key: Key) {
        let position = position(of: key)
        precondition(
            position < descending.count && descending[position] == key, "a key that is removed is in the queue")
        descending.remove(at: position)
    }

    /// Returns the first index whose key is not above `key`.
    private func position(of key: Key) -> Int {
        var (low, high) = (0, descending.count)
        while low < high {
            let middle = (low + high) / 2
            if descending[middle] > key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
