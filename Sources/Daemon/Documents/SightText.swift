public import Planning

/// What is known from observing a number, in words: for `status NUMBER` and for its page.
public struct SightText {
    private let record: NumberRecord
    /// Writes an instant.
    private let time: (Instant) -> String

    public init(_ record: NumberRecord, time: @escaping (Instant) -> String) {
        self.record = record
        self.time = time
    }

    /// Whether the observer's last answer showed nothing.
    public var isFailing: Bool { record.sight.failure != nil }

    /// The newest observation, or why there is none; nil for a number that nobody observes.
    public var observed: String? {
        let seen = record.sight.newest.map { "seen \($0.kind.state) \(time($0.at)) by \($0.source)" }
        if let failure = record.sight.failure {
            return "not observed: \(failure); \(seen.map { "last \($0)" } ?? "never seen")"
        }
        if let seen { return seen }
        guard record.desired?.observer != nil else { return nil }
        return record.desired?.observation == nil ? "never: it is not to be observed" : "not yet"
    }

    /// The change by others that is not corrected yet; nil when there is none.
    public var drift: String? {
        guard let drift = record.sight.drift else { return nil }
        // A later observation of another kind says nothing of who saw this one.
        let seen = record.sight.newest.flatMap { $0.kind.drift == drift.kind ? ", seen by \($0.source)" : nil }
        return "\(drift.kind.sentence) \(time(drift.at))\(seen ?? "")"
    }
}

extension Observation.Kind {
    /// What verification was, in words.
    public var state: String {
        switch self {
        case .off: "off"
        case .on: "on"
        case .pinChanged: "on, with another PIN,"
        }
    }

    /// The change that an observation of this kind can show.
    fileprivate var drift: Drift.Kind {
        switch self {
        case .off: .turnedOff
        case .on: .turnedOn
        case .pinChanged: .pinChanged
        }
    }
}
