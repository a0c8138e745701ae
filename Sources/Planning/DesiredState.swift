/// A desired state, read and found valid.
public struct DesiredState: Hashable, Sendable {
    /// The numbers, unique, in file order.
    public var numbers: [DesiredNumber]
    /// SHA-256 of the file's bytes, 64 lower-case hexadecimal digits.
    public let sha256: String
    /// Where it was read: a path.
    public let source: String
    /// Who accepted it although it weakens the fleet; nil when nobody did, and the guard decides.
    public var acceptedBy: String?

    /// - Parameters:
    ///   - numbers: those of the file.
    ///   - sha256: the digest of the whole file, 64 hexadecimal digits.
    ///   - source: where it was read, a path.
    ///   - acceptedBy: who accepted it although it weakens the fleet; nil when nobody did.
    public init(numbers: [DesiredNumber], sha256: String, source: String, acceptedBy: String? = nil) {
        self.numbers = numbers
        self.sha256 = sha256
        self.source = source
        self.acceptedBy = acceptedBy
    }
}

/// One reading of the desired-state file and the secrets, judged and adopted as a whole.
public struct DesiredStateReading: Hashable, Sendable {
    /// The desired state; nil when the file is not valid, so that the one in force stays.
    public var state: DesiredState?
    /// The values of operator-owned PINs by name: those that the state names and those that the state in force names.
    /// A name without a value could not be read.
    public var operatorPINs: [String: PIN]

    public init(state: DesiredState?, operatorPINs: [String: PIN] = [:]) {
        self.state = state
        self.operatorPINs = operatorPINs
    }
}

/// How a desired state differs from the one in force: the only such comparison.
public struct DesiredStateDifference: Hashable, Sendable {
    /// How one entry stands to what is known of its number.
    public enum Finding: Hashable, Sendable {
        /// The number was never seen.
        case new
        /// The number is known and not in the state in force.
        case returning
        /// The entry differs from the one in force; `wasEnabled` is what that asks for.
        case changed(wasEnabled: Bool)
        /// The entry is as it is in force.
        case same
    }

    /// Numbers that were never seen, or return.
    public private(set) var added: [PhoneNumber] = []
    /// Numbers whose entry changed in any way.
    public private(set) var changed: [PhoneNumber] = []
    /// Numbers that are no longer in the file: unmanaged from now on.
    public private(set) var removed: [PhoneNumber] = []
    /// How many entries are as they were.
    public private(set) var unchanged = 0
    /// How many of the changed numbers would be disabled and are to be enabled now.
    public private(set) var disabled = 0

    /// No difference, to be filled by recording each entry.
    public init() {}

    /// The difference between the entries in force and those of a new state, in the order of both.
    public init(from inForce: [DesiredNumber], to entries: [DesiredNumber]) {
        let known = Dictionary(inForce.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
        for entry in entries {
            guard let old = known[entry.number] else {
                record(entry, .new)
                continue
            }
            record(entry, old == entry ? .same : .changed(wasEnabled: old.verification == .enabled))
        }
        let named = Set(entries.map(\.number))
        for entry in inForce where !named.contains(entry.number) { recordRemoval(of: entry.number) }
    }

    /// Whether nothing differs.
    public var isEmpty: Bool { added.isEmpty && changed.isEmpty && removed.isEmpty }

    /// How many numbers the state in force has.
    public var managed: Int { changed.count + removed.count + unchanged }

    /// Records how an entry of the new state stands.
    public mutating func record(_ entry: DesiredNumber, _ finding: Finding) {
        switch finding {
        case .new, .returning: added.append(entry.number)
        case .changed(let wasEnabled):
            changed.append(entry.number)
            if wasEnabled, entry.verification == .disabled { disabled += 1 }
        case .same: unchanged += 1
        }
    }

    /// Records that the new state does not name a number of the state in force.
    public mutating func recordRemoval(of number: PhoneNumber) { removed.append(number) }
}

/// The outcome of adopting a desired state.
public struct Adoption: Hashable, Sendable {
    /// The revision now in force: 1, 2, 3 …; it stays when the content is the one already in force.
    public let revision: Int
    public let difference: DesiredStateDifference
    /// SHA-256 of the content now in force.
    public let sha256: String
    /// Known numbers that requests may no longer reach: another endpoint, id or token value. They are reset.
    public let reidentified: Int
    /// Known numbers with another token value that is the same number's. They are applied again.
    public let retokened: Int

    public init(
        revision: Int, difference: DesiredStateDifference, sha256: String, reidentified: Int = 0, retokened: Int = 0
    ) {
        self.revision = revision
        self.difference = difference
        self.sha256 = sha256
        self.reidentified = reidentified
        self.retokened = retokened
    }

    /// What becomes of numbers whose identity changed, and how to choose; nil when there are none.
    public var identityNote: String? {
        var parts: [String] = []
        if reidentified > 0 {
            parts.append(
                "\(reidentified) with another token value, endpoint or id: reset, a few at a time, because it may be another "
                    + "number's (on_new_token: keep in the entry says that a new token value is the same number's)")
        }
        if retokened > 0 { parts.append("\(retokened) with another token value of the same number: applied again") }
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }
}

/// A valid desired state that was not adopted: it waits for an operator's acceptance.
public struct HeldState: Hashable, Sendable {
    /// SHA-256 of the file's bytes, 64 lower-case hexadecimal digits: what `accept` names.
    public let sha256: String
    public let reason: HeldReason

    public init(sha256: String, reason: HeldReason) {
        self.sha256 = sha256
        self.reason = reason
    }
}

/// Text that says which desired state stays in force when another one is not adopted.
public enum StateInForce {
    /// The words for it: "revision 3 stays in force", or that there is none.
    ///
    /// - Parameter revision: the one in force; nil for none.
    public static func stays(_ revision: Int?) -> String {
        revision.map { "revision \($0) stays in force" } ?? "none is in force, so nothing is sent"
    }
}

/// What the store did with a reading.
public struct AdoptionResult: Hashable, Sendable {
    /// Which desired state is in force now.
    public enum Verdict: Hashable, Sendable {
        /// The reading's.
        case adopted(Adoption)
        /// The one before, or none: the reading's waits for acceptance.
        case held(HeldState)
        /// The one before: the reading has none.
        case kept
    }

    public let verdict: Verdict
    /// The numbers whose rows were written, each by ``NumberRecord/adopting(_:at:)``.
    public let written: Set<PhoneNumber>
    /// The entries now in force of those written numbers that the caller asked about; a removed number has none.
    public let entries: [PhoneNumber: DesiredNumber]
    /// Numbers whose record cannot be read; their desired columns are those of the state in force.
    public let unreadable: [UnreadableNumber]

    public init(
        _ verdict: Verdict, written: Set<PhoneNumber> = [], entries: [PhoneNumber: DesiredNumber] = [:],
        unreadable: [UnreadableNumber] = []
    ) {
        self.verdict = verdict
        self.written = written
        self.entries = entries
        self.unreadable = unreadable
    }
}
