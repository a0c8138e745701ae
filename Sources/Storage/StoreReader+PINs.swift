import GRDB
public import Planning

extension StoreReader {
    /// The newest generations of a number without their PINs, newest first. Needs no key.
    public func pins(of number: PhoneNumber, limit: Int) throws(StorageError) -> [PINSummary] {
        try read { db in
            try PINRow.newest(min(max(limit, 1), Self.pageLimit), of: number, db).map(\.summary)
        }
    }

    /// The PIN of one generation; nil when there is no such generation.
    ///
    /// Throws ``StorageError/keyNeeded(path:)`` without a key, and `sealedPINUnreadable` when it cannot be opened.
    public func pin(of number: PhoneNumber, generation: Int) throws(StorageError) -> PIN? {
        try read { db in
            try PINRow.one(generation, of: number, db).map { try $0.pin(of: number, sealer, path: path) }
        }
    }
}
