import Planning

/// Observation of the fleet, for `doctor`.
struct ObservedFleet {
    private var tally = ObserverTally()
    /// The first number that was not observed for long, and the first whose observer fails, with the reason.
    private var unobserved: PhoneNumber?
    private var failing: (number: PhoneNumber, failure: String)?

    /// Adds a number; one that cannot be observed changes nothing.
    mutating func add(_ record: NumberRecord, isPaused: Bool, at now: Instant) {
        guard record.desired?.observation != nil else { return }
        tally.add(record, isPaused: isPaused, at: now)
        if unobserved == nil, !isPaused, record.isUnobserved(at: now) { unobserved = record.number }
        if failing == nil, let failure = record.observations.failure { failing = (record.number, failure) }
    }

    func finding(at now: Instant) -> Finding {
        guard tally.numbers > 0 else { return Finding("observations", .ok, "no number has an observer") }
        var problems: [String] = []
        if let unobserved {
            problems.append(
                "\(tally.unobserved) of \(tally.numbers.counted("number")) not observed for longer than twice their "
                    + "observe_every, \(unobserved) among them")
        }
        if let failing {
            problems.append(
                "the observer's last answer did not show the state of \(tally.failing) of "
                    + "\(tally.numbers.counted("number")), \(failing.number) among them: \(failing.failure)")
        }
        guard problems.isEmpty else {
            return Finding(
                "observations", .warning, problems.joined(separator: "; "),
                advice: "see \"Observations and drift\" in operations.md")
        }
        let oldest = tally.oldest.map { ", the oldest observation \(RelativeTime(now: now).text($0))" } ?? ""
        let numbers = tally.numbers.counted("number has", "numbers have")
        return Finding("observations", .ok, "\(numbers) an observer\(oldest)")
    }
}
