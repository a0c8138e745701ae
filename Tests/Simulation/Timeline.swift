/// The scheduled events, in order of time, and of insertion at the same millisecond: a binary heap.
struct Timeline<Happening> {
    private struct Item {
        let at: Milliseconds
        let order: Int
        let happening: Happening

        func precedes(_ other: Item) -> Bool { (at, order) < (other.at, other.order) }
    }

    private var heap: [Item] = []
    private var inserted = 0

    var nextAt: Milliseconds? { heap.first?.at }

    mutating func insert(_ happening: Happening, at moment: Milliseconds) {
        inserted += 1
        heap.append(Item(at: moment, order: inserted, happening: happening))
        var child = heap.count - 1
        while child > 0, heap[child].precedes(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func removeNext() -> (at: Milliseconds, happening: Happening)? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            var parent = 0
            while true {
                var least = parent
                for child in [2 * parent + 1, 2 * parent + 2]
                where child < heap.count && heap[child].precedes(heap[least]) {
                    least = child
                }
                guard least != parent else { break }
                heap.swapAt(least, parent)
                parent = least
            }
        }
        return (first.at, first.happening)
    }
}
