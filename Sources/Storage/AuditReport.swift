public import Planning

/// What is wrong with one piece of history.
public struct AuditFinding: Hashable, Sendable {
    /// What is wrong; the raw values are those of `audit verify`.
    public enum Problem: String, Hashable, Sendable, CaseIterable {
        /// The row or its link is not as it was written, or stands in another place.
        case edited
        /// The row is gone.
        case removed
        /// Links are gone, and their rows with them or not.
        case linkRemoved = "link_removed"
        /// The row was written past the daemon.
        case added
        /// The newest history that was known elsewhere is not there.
        case cutOff = "cut_off"
        /// A start found the history altered, and wrote that down.
        case foundAltered = "found_altered"
        /// Where the chain begins was changed.
        case anchorEdited = "anchor_edited"
    }

    public let problem: Problem
    /// `changes`, `events`, `audit_chain` or `audit_state`.
    public let table: String
    /// The row's id; for links, the sequence of the first that is not as it should be.
    public let id: Int64
    /// When the row says it was written; nil when the row is gone.
    public let at: Instant?

    /// The finding for people: what, where, when.
    public var sentence: String {
        let time = at.map { " (\($0))" } ?? ""
        return switch problem {
        case .edited: "row \(id) of \(table)\(time) is not as it was written, or not in its place"
        case .removed: "row \(id) of \(table) was removed"
        case .linkRemoved: "link \(id) of \(table) was removed, and maybe the row that it stands for\(time)"
        case .added: "row \(id) of \(table)\(time) was not written by twostepd"
        case .cutOff: "the newest history was cut off: link \(id) was there and is not, or is another one"
        case .foundAltered: "row \(id) of \(table)\(time) says that a start found the newest history cut off or changed"
        case .anchorEdited: "the beginning of the chain was changed: history may have been cut away before link \(id)"
        }
    }
}

/// How the verification of the history ended.
public struct AuditReport: Hashable, Sendable {
    /// How many links were looked at.
    public internal(set) var links = 0
    /// Up to when history was pruned; nil when it never was.
    public internal(set) var prunedBefore: Instant?
    /// The newest link, `SEQUENCE:MAC`: kept elsewhere, it proves later that the history was not cut.
    public internal(set) var head = ""
    /// Everything that is wrong, counted.
    public internal(set) var problems = 0
    /// The first of it; nil when the history is as it was written.
    public internal(set) var first: AuditFinding?

    mutating func note(_ problem: AuditFinding.Problem, _ table: String, _ id: Int64, at: String? = nil) {
        problems += 1
        if first == nil {
            first = AuditFinding(problem: problem, table: table, id: id, at: at.flatMap { Instant($0) })
        }
    }
}
