/// The priority of a number that is due: the order of the cases, and within one case the due instant.
public enum Urgency: Int, Hashable, Sendable, CaseIterable, Comparable {
    /// We have exposed the number.
    case exposed
    /// The number should be on and is off, and we did not turn it off.
    case off
    /// The number should be disabled, or has an operator's order or an operator-owned PIN to apply.
    case ordered
    /// The number is due by its schedule.
    case ordinary

    public static func < (left: Urgency, right: Urgency) -> Bool { left.rawValue < right.rawValue }
}

extension NumberRecord {
    /// The priority of the number when it is due.
    public var urgency: Urgency {
        guard let desired else { return .ordinary }
        if isExposed { return cycle?.isOurs == true ? .exposed : .off }
        if desired.verification == .disabled || cycle != nil { return .ordered }
        let newest = generations.last?.generation ?? 0
        if let orderedRotation, newest <= orderedRotation.through { return .ordered }
        // A re-apply or a reset, or a first request that sets the operator's own PIN.
        if appliedAt == nil, !generations.isEmpty || desired.operatorPINName != nil { return .ordered }
        return .ordinary
    }

    /// The group of numbers that it takes turns with; nil for a number that is never due.
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
