public import Planning
public import Storage

/// How the fleet stands, as the store tells it to whoever only looks: commands, the status page, metrics.
public struct FleetView: Sendable {
    public let location: StoreLocation
    public let policy: Policy
    public let now: Instant

    public init(location: StoreLocation, policy: Policy, now: Instant) {
        self.location = location
        self.policy = policy
        self.now = now
    }

    /// Every record, its PINs replaced by a placeholder: nothing that only looks needs them.
    public func records(_ reader: StoreReader) throws(StorageError) -> [NumberRecord] {
        var records: [NumberRecord] = []
        var after: PhoneNumber?
        repeat {
            let page = try reader.statusRows(after: after, limit: StoreReader.pageLimit, at: now)
            records += page.rows.map { $0.record(withPlaceholder: Self.placeholder) }
            after = page.next
        } while after != nil
        return records
    }

    /// How every number stands, most urgent first.
    public func standings(_ reader: StoreReader, guards: GuardsInForce) throws(StorageError) -> [Standing] {
        try records(reader).map { record in
            Standing(record, operatorPIN: Self.placeholder, policy: policy, now: now, guards: guards)
        }.sorted { ($0.rank, $0.record.number) < ($1.rank, $1.record.number) }
    }

    /// Stands in for every PIN where none is needed; a status then takes the operator's PINs for unchanged.
    public static let placeholder: PIN = {
        guard let pin = PIN(digits: "000000") else { preconditionFailure("six digits are a PIN") }
        return pin
    }()
}
