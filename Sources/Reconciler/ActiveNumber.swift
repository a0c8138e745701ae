import Planning

/// A number that the engine is working on, from the moment it is loaded until it rests in the store again.
///
/// Legal ways through the stages:
///
///     waiting  -> committing | saving | gone     planned again when its turn comes
///     committing -> inFlight | stuck             the widening is durable, or failed
///     inFlight -> waiting | saving | resting     answered, narrowed, planned
///     saving   -> waiting | resting | gone       durable, planned again; or stuck when that failed
///     resting  -> waiting                        an exposed number's wait is over
///     stuck    -> saving | waiting               the store works again
struct ActiveNumber: Sendable {
    indirect enum Stage: Sendable {
        /// A request is wanted, and waits for its turn under this key.
        case waiting(WaitingKey)
        /// The widening is being made durable.
        case committing(CommitID, Flight, newGeneration: PINGeneration?)
        /// The request is with the vendor.
        case inFlight(Flight)
        /// What is known is being made durable.
        case saving(CommitID)
        /// An exposed number that waits; it is kept at hand.
        case resting(until: Instant?)
        /// The store failed; what is known is not durable yet.
        case stuck
    }

    private var sharedRecord: Shared<NumberRecord>
    private var sharedSaved: Shared<NumberRecord>
    private var sharedSubmitted: Shared<NumberRecord>?
    var stage: Stage
    /// History entries to complete with the next commit.
    var unsaved: [StoreMutation] = []

    /// A number just loaded; it is planned at once.
    init(_ record: NumberRecord) {
        sharedRecord = Shared(record)
        sharedSaved = sharedRecord
        stage = .resting(until: nil)
    }

    /// What is believed, from the latest evidence.
    var record: NumberRecord {
        _read { yield sharedRecord.value }
        _modify { yield &sharedRecord.value }
    }

    /// What is durable.
    var saved: NumberRecord {
        _read { yield sharedSaved.value }
        _modify { yield &sharedSaved.value }
    }

    /// Changes what the outstanding commit makes durable, if there is one.
    mutating func changeSubmitted(_ body: (inout NumberRecord) -> Void) {
        guard var submitted = sharedSubmitted else { return }
        body(&submitted.value)
        sharedSubmitted = submitted
    }

    /// What is believed now is what the commit that was asked for makes durable.
    mutating func noteSubmitted() {
        sharedSubmitted = sharedRecord
    }

    /// The outstanding commit is durable. The record may have moved on meanwhile.
    mutating func noteSaved() {
        if let sharedSubmitted { sharedSaved = sharedSubmitted }
        sharedSubmitted = nil
        unsaved = []
    }
}
