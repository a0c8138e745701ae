public import Planning

/// The observations of a number in words, for `status NUMBER` and for the number's page.
public struct ObservationText {
    private let record: NumberRecord
    /// Formats an instant.
    private let time: (Instant) -> String

    public init(_ record: NumberRecord, time: @escaping (Instant) -> String) {
        self.record = record
        self.time = time
    }

    /// True when the last request to the observer failed.
    public var isFailing: Bool { record.observations.failure != nil }

    /// The newest observation, or the reason for its absence; nil for a number without an observer and without reports.
    public var observed: String? {
        let seen = record.observations.newest.map { newest in
            // The observer is asked again as soon as its answer proves something.
            let isOutdated = newest.source == Observation.observer && record.answeredAt.map { newest.at < $0 } ?? false
            let age = isOutdated ? ", before the last request" : ""
            return "seen \(newest.kind.state) \(time(newest.at)) by \(newest.source)\(age)"
        }
        if let failure = record.observations.failure {
            return "not observed: \(failure); \(seen.map { "last \($0)" } ?? "never seen")"
        }
        if let seen { return seen }
        guard record.desired?.observer != nil else { return nil }
        return record.desired?.observation == nil ? "never: it is set not to be observed" : "not yet"
    }

    /// The change by others that is not corrected yet; nil for none.
    public var drift: String? {
        guard let drift = record.openDrift else { return nil }
        // The source is known only while the newest observation is the one that showed the drift.
        let seen = record.observations.newest.flatMap { $0.kind.drift == drift.kind ? ", seen by \($0.source)" : nil }
        return "\(drift.kind.sentence) \(time(drift.at))\(seen ?? "")"
    }
}

extension Observation.Kind {
    /// The state that was observed, in words.
    var state: String {
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
