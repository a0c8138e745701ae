import GRDB

/// Requests that the chain's beginning goes through: one of their two links was pruned, the other is still there, and so
/// is the row. At any time several requests are under way, so that a cut seldom finds none.
struct HistoryHalves: Equatable {
    /// The kind of the link that is gone, by the id of the request.
    private(set) var kinds: [Int64: AuditEntry.Kind] = [:]

    /// Reads ``text``; nil for anything else.
    init?(text: String) {
        for word in text.split(separator: " ") {
            let parts = word.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, let kind = AuditEntry.Kind(rawValue: String(parts[0])), kind != .event,
                let id = Int64(parts[1]), kinds.updateValue(kind, forKey: id) == nil
            else { return nil }
        }
    }

    /// `opened:12 answered:15`, by id.
    var text: String {
        kinds.sorted { $0.key < $1.key }.map { "\($0.value.rawValue):\($0.key)" }.joined(separator: " ")
    }

    /// Takes note that a link of a request goes.
    ///
    /// - Returns: whether the other one is gone as well, and the row can go.
    mutating func lose(_ kind: AuditEntry.Kind, of id: Int64) -> Bool {
        if let other = kinds[id], other != kind {
            kinds[id] = nil
            return true
        }
        kinds[id] = kind
        return false
    }

    /// What the links that are gone vouched for, by id; nil when one of the rows is gone.
    func contents(_ db: Database) throws -> [(kind: AuditEntry.Kind, content: [DatabaseValue])]? {
        var contents: [(AuditEntry.Kind, [DatabaseValue])] = []
        for (id, kind) in kinds.sorted(by: { $0.key < $1.key }) {
            guard let content = try AuditEntry.content(of: kind, id, db) else { return nil }
            contents.append((kind, content))
        }
        return contents
    }
}

extension AuditChain {
    /// Whether the chain begins where `state` says, and what the cut left of requests is as it was written.
    func vouches(for state: AuditState, _ db: Database) throws -> Bool {
        guard let halves = try state.halves.contents(db) else { return false }
        return anchorMAC(cut: state.cut, before: state.before, halves: halves)
            == state.anchorMAC
    }
}
