import Storage

extension CommitQueue {
    /// Runs `work` in its turn, and waits for it.
    func result<Value: Sendable>(
        of work: @escaping @Sendable (Store) throws(StorageError) -> Value
    ) async -> Result<Value, StorageError> {
        await withCheckedContinuation { continuation in
            perform(work) { continuation.resume(returning: $0) }
        }
    }
}
