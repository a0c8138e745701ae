/// How soon a number that is due goes, compared with others: the order of the cases, and within one the due instant.
public enum Urgency: Int, Hashable, Sendable, CaseIterable, Comparable {
    /// We have exposed it.
    case exposed
    /// It should be on and is off, and was so before.
    case off
    /// It should be disabled, or an operator ordered something of it, or gave its PIN.
    case ordered
    /// It only falls due.
    case ordinary

    public static func < (left: Urgency, right: Urgency) -> Bool { left.rawValue < right.rawValue }
}

extension NumberRecord {
    /// How soon the number goes when it is due.
    public var urgency: Urgency {
        guard let desired else { return .ordinary }
        if isExposed { return cycle?.isOurs == true ? .exposed : .off }
        if desired.verification == .disabled || cycle != nil { return .ordered }
        let newest = generations.last?.generation ?? 0
        if let orderedRotation, newest <= orderedRotation.through { return .ordered }
        // Re-applied or reset; or its first request sets the operator's own PIN.
        if appliedAt == nil, !generations.isEmpty || desired.operatorPINName != nil { return .ordered }
        return .ordinary
    }

    /// The group of numbers that it takes turns with; nil for one that is never due.
    public var dueGroup: DueGroup? { desired.map { DueGroup(account: Account(of: $0), urgency: urgency) } }
}

/// Numbers of one account and one urgency.
public struct DueGroup: Hashable, Sendable {
    public let account: Account
    public let urgency: Urgency

    public init(account: Account, urgency: Urgency) {
        self.account = account
        self.urgency = urgency
    }
}
