public import Planning

/// A report for logs, progress and metrics, with a case for each kind of reader.
public enum EngineReport: Sendable {
    /// A report about one number and its requests.
    case number(NumberReport)
    /// A report about the desired state.
    case desiredState(DesiredStateReport)
    /// An order is durable and in force; or the failure.
    case orderEnded(OrderID, StoreFailure?)
    /// A report about a guard that holds something back.
    case guardChanged(GuardReport)
    /// A report about the store.
    case store(StoreReport)
    /// The engine stopped after `stopRequested`, with these numbers left exposed and this many requests unanswered.
    case stopped(exposed: [PhoneNumber], unanswered: Int)
}

/// A report about one number.
public enum NumberReport: Sendable {
    /// A request is durable and is being sent.
    indirect case requestSent(ChangeEntry)
    /// A request ended; the record holds the belief after it.
    indirect case requestEnded(ChangeEntry, NumberRecord)
    /// An observer answered, or failed to; the record holds the belief after that.
    indirect case observed(NumberRecord, ObserverAnswer)
    /// A number was planned, with this decision.
    indirect case planned(NumberRecord, Decision)
    /// The number's record cannot be read, or the store refuses it; it is set aside until the instant.
    case setAside(UnreadableNumber, until: Instant)
    /// A number that was set aside is at work again.
    case readAgain(PhoneNumber)
    /// PINs of the number that may be live cannot be unsealed: they count as foreign.
    case pinsUnreadable(PhoneNumber, generations: [Int])
}

/// A report about the desired state.
public enum DesiredStateReport: Sendable {
    /// A desired state is in force.
    case adopted(Adoption)
    /// A valid desired state waits for an operator's acceptance; until then the last one, if any, stays in force.
    case held(HeldState)
    /// The file is invalid: the last desired state stays in force, with the operator-owned PINs that were read.
    case kept
    /// A valid desired state could not be adopted; the adoption will be retried.
    case failed(String)
    /// These numbers left the desired state while we had them exposed, and could not be enabled in time.
    case leftExposed([PhoneNumber])
}

/// A report about a guard.
public enum GuardReport: Sendable {
    /// An endpoint is down: probes are sent to it, and other requests wait. The outcome is the last one.
    case endpointDown(Account, Outcome)
    /// An endpoint answers again; it was down since the instant.
    case endpointUp(Account, since: Instant)
    /// Numbers wait for the rate limit of this endpoint until about this instant; nil when none does.
    case endpointLimited(Account, until: Instant?)
    /// The vendor has refused twice to disable a number that was certainly enabled, for the first number of this
    /// account.
    case disableRefused(Account, PhoneNumber)
    /// An account that refused to disable has disabled a number.
    case disableAccepted(Account)
    /// A stop was requested: nothing starts that exposes a number.
    case stopping
    /// The first enable of this number's cycle was not accepted: the exposure budget is back to one.
    case exposureReduced(PhoneNumber)
    /// The count of numbers that may be exposed at present.
    case exposurePermitted(Int)
    /// The wall clock is behind a recorded instant: nothing that exposes a number starts until it has caught up.
    case clockBehind(highWaterMark: Instant)
    /// The wall clock has caught up.
    case clockRight
}

/// A report about the store.
public enum StoreReport: Sendable {
    /// The store cannot be written or read; nothing is sent until it can.
    case failed(String, retryAt: Instant)
    /// The store works again.
    case recovered
}
