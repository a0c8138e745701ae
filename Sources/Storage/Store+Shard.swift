import GRDB
public import Planning

extension Store {
    /// Records which part of the fleet the settings name. When it is another than at the last start, an event tells of
    /// it: whatever becomes of the desired state, somebody changed who is responsible for what.
    public func noteShard(_ shard: Shard, at now: Instant) throws(StorageError) {
        try write { db in try db.noteShard(shard, at: now) }
    }
}

extension StoreReader {
    /// Which part of the fleet the state in force is; nil while none is.
    public func shardInForce() throws(StorageError) -> Shard? {
        try read { db in try DesiredStateRow.inForce(db)?.shard }
    }
}

extension Database {
    func noteShard(_ shard: Shard, at now: Instant) throws {
        let known = try String.fetchOne(self, sql: "SELECT shard FROM store_state")
        guard known != shard.storedText else { return }
        try execute(sql: "UPDATE store_state SET shard = ?", arguments: [shard.storedText])
        try append(
            EventEntry(
                at: now, kind: .shardChanged,
                detail: "from \(known ?? Shard.whole.description) to \(shard): what it means for the numbers is held "
                    + "until it is accepted"))
    }
}

extension Shard {
    /// The form kept in the store; nil for a fleet that is not divided.
    var storedText: String? { isWhole ? nil : description }
}
