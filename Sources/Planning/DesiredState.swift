/// A valid desired state.
public struct DesiredState: Hashable, Sendable {
    /// The numbers, unique, in file order.
    public var numbers: [DesiredNumber]
    /// SHA-256 of the file's bytes, 64 lower-case hexadecimal digits.
    public let sha256: String
    /// The path of the file.
    public let source: String
    /// The operator who accepted it in spite of the guard; nil when no one did, and the guard decides.
    public var acceptedBy: String?

    /// - Parameters:
    ///   - numbers: the numbers of the file, unique, in file order.
    ///   - sha256: the digest of the whole file, 64 lower-case hexadecimal digits.
    ///   - source: the path of the file.
    ///   - acceptedBy: the operator who accepted it in spite of the guard; nil when no one did.
    public init(numbers: [DesiredNumber], sha256: String, source: String, acceptedBy: String? = nil) {
        self.numbers = numbers
        self.sha256 = sha256
        self.source = source
        self.acceptedBy = acceptedBy
    }
}

/// One reading of the desired-state file and the secrets, checked and adopted as a whole.
public struct DesiredStateReading: Hashable, Sendable {
    /// The desired state; nil when the file is invalid, so that the state in force stays.
    public var state: DesiredState?
    /// The values of operator-owned PINs by name, for every name in this state and in the state in force. A name
    /// without a value could not be read.
    public var operatorPINs: [String: PIN]

    public init(state: DesiredState?, operatorPINs: [String: PIN] = [:]) {
        self.state = state
        self.operatorPINs = operatorPINs
    }
}

/// The difference between a desired state and the one in force. There is no other such comparison.
public struct DesiredStateDifference: Hashable, Sendable {
    /// The relation of one entry to the number's entry in force.
    public enum Finding: Hashable, Sendable {
        /// The number was never seen.
        case new
        /// The number is known, and missing from the state in force.
        case returning
        /// The entry differs from the one in force; `wasEnabled` is true when the one in force asks for `enabled`.
        case changed(wasEnabled: Bool)
        /// The entry is equal to the one in force.
        case same
    }

    /// Numbers that are new or return.
    public private(set) var added: [PhoneNumber] = []
    /// Numbers whose entry changed in any way.
    public private(set) var changed: [PhoneNumber] = []
    /// Numbers that are no longer in the file: unmanaged from now on.
    public private(set) var removed: [PhoneNumber] = []
    /// The count of unchanged entries.
    public private(set) var unchanged = 0
    /// The count of changed numbers that are enabled in the state in force and disabled in the new one.
    public private(set) var disabled = 0

    /// Creates an empty difference, to be filled by recording each entry.
    public init() {}

    /// Creates the difference between the entries in force and those of a new state, in the order of both.
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

    /// True when nothing differs.
    public var isEmpty: Bool { added.isEmpty && changed.isEmpty && removed.isEmpty }

    /// The count of numbers in the state in force.
    public var managed: Int { changed.count + removed.count + unchanged }

    /// Records the finding about one entry of the new state.
    public mutating func record(_ entry: DesiredNumber, _ finding: Finding) {
        switch finding {
        case .new, .returning: added.append(entry.number)
        case .changed(let wasEnabled):
            changed.append(entry.number)
            if wasEnabled, entry.verification == .disabled { disabled += 1 }
        case .same: unchanged += 1
        }
    }

    /// Records that a number of the state in force is missing from the new state.
    public mutating func recordRemoval(of number: PhoneNumber) { removed.append(number) }
}

/// The outcome of adopting a desired state.
public struct Adoption: Hashable, Sendable {
    /// The revision now in force: 1, 2, 3 …; unchanged when the same content is already in force.
    public let revision: Int
    public let difference: DesiredStateDifference
    /// SHA-256 of the content now in force.
    public let sha256: String
    /// The count of known numbers with another endpoint, ID or token value, which may be other numbers now. They are
    /// reset.
    public let reidentified: Int
    /// The count of known numbers with a new token value that belongs to the same number. They are applied again.
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

    /// The consequence for numbers whose identity changed, and the setting to choose by; nil when there are none.
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

/// A valid desired state that was not adopted and waits for an operator's acceptance.
public struct HeldState: Hashable, Sendable {
    /// SHA-256 of the file's bytes, 64 lower-case hexadecimal digits, as passed to `accept`.
    public let sha256: String
    public let reason: HeldReason

    public init(sha256: String, reason: HeldReason) {
        self.sha256 = sha256
        self.reason = reason
    }
}

/// Text about the desired state that stays in force when another one is not adopted.
public enum StateInForce {
    /// Returns "revision 3 stays in force", or that no revision is in force.
    ///
    /// - Parameter revision: the revision in force; nil for none.
    public static func stays(_ revision: Int?) -> String {
        revision.map { "revision \($0) stays in force" } ?? "none is in force and nothing is sent"
    }
}

/// The store's result for a reading.
public struct AdoptionResult: Hashable, Sendable {
    /// The desired state that is in force now.
    public enum Verdict: Hashable, Sendable {
        /// The state of the reading.
        case adopted(Adoption)
        /// The previous state, if any: the state of the reading waits for acceptance.
        case held(HeldState)
        /// The previous state: the reading contains none.
        case kept
    }

    public let verdict: Verdict
    /// The numbers whose rows were written, each by ``NumberRecord/adopting(_:at:)``.
    public let written: Set<PhoneNumber>
    /// The entries now in force for those written numbers that the caller asked for; a removed number has no entry.
    public let entries: [PhoneNumber: DesiredNumber]
    /// Numbers whose record cannot be read. Their desired columns are those of the state in force.
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
