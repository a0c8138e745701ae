/// A number for each code of a state; codes that were never set share one value. Few of the codes are states, and they
/// are clustered, so that only pages with a number in them take memory.
struct SparseTable {
    private static let pageBits = 5
    private static let pageSize = 1 << pageBits

    private let unset: Int32
    /// The start of each page in `numbers`; -1 for a page without a number.
    private var pages: [Int32] = []
    private var numbers: [Int32] = []

    /// - Parameter unset: the number of a code that was never set.
    init(unset: Int32) { self.unset = unset }

    subscript(code: Int) -> Int32 {
        get {
            let page = code >> Self.pageBits
            guard page < pages.count, pages[page] >= 0 else { return unset }
            return numbers[Int(pages[page]) << Self.pageBits | code & (Self.pageSize - 1)]
        }
        set {
            let page = code >> Self.pageBits
            if page >= pages.count { pages.append(contentsOf: repeatElement(-1, count: page + 1 - pages.count)) }
            if pages[page] < 0 {
                pages[page] = Int32(numbers.count >> Self.pageBits)
                numbers.append(contentsOf: repeatElement(unset, count: Self.pageSize))
            }
            numbers[Int(pages[page]) << Self.pageBits | code & (Self.pageSize - 1)] = newValue
        }
    }
}
