public import Planning

/// What happened, for logs, progress and metrics; a case for each kind of reader.
public enum EngineReport: Sendable {
    /// About one number and its requests.
    case number(NumberReport)
    /// About the desired state.
    case desiredState(DesiredStateReport)
    /// An order is durable and in force, or what went wrong.
    case orderEnded(OrderID, StoreFailure?)
    /// About a guard that holds something back.
    case guardChanged(GuardReport)
    /// About the store.
    case store(StoreReport)
    /// The engine came to rest after `stopRequested`; these numbers are left exposed, these requests unanswered.
    case stopped(exposed: [PhoneNumber], unanswered: Int)
}

/// What happened to one number.
public enum NumberReport: Sendable {
    /// A request is durable and on its way.
    indirect case requestSent(ChangeEntry)
    /// A request ended; the record is what is believed now.
    indirect case requestEnded(ChangeEntry, NumberRecord)
    /// An observer answered, or did not; the record is what is believed now.
    indirect case observed(NumberRecord, ObserverAnswer)
    /// A number was planned: what is decided about it now.
    indirect case planned(NumberRecord, Decision)
    /// Its record cannot be read, or the store refuses it; it is left alone until the instant.
    case setAside(UnreadableNumber, until: Instant)
    /// A number that was set aside is worked on again.
    case readAgain(PhoneNumber)
    /// PINs of it that may be live cannot be unsealed: they count as foreign.
    case pinsUnreadable(PhoneNumber, generations: [Int])
}

/// What happened to the desired state.
public enum DesiredStateReport: Sendable {
    /// A desired state is in force.
    case adopted(Adoption)
    /// A valid desired state would weaken the fleet: the last one stays in force until somebody accepts the new one.
    case held(HeldState)
    /// The file is not valid: the last desired state stays in force, with the operator-owned PINs that were read.
    case kept
    /// A valid desired state could not be adopted; it will be tried again.
    case failed(String)
    /// These numbers left the desired state while we had them exposed, and could not be enabled in time.
    case leftExposed([PhoneNumber])
}

/// What changed about a guard.
public enum GuardReport: Sendable {
    /// An endpoint is down: it is probed, and everything else for it waits. The outcome is the last that was seen.
    case endpointDown(Account, Outcome)
    /// An endpoint answers again, after being down since.
    case endpointUp(Account, since: Instant)
    /// Numbers wait for the minute of this endpoint, as far as is known until the instant; nil when none does.
    case endpointLimited(Account, until: Instant?)
    /// The vendor has refused to disable a number that was certainly enabled, twice; it is the first one of this account.
    case disableRefused(Account, PhoneNumber)
    /// An account that refused to disable has disabled a number.
    case disableAccepted(Account)
    /// A stop was requested: nothing starts that exposes a number.
    case stopping
    /// The first enable of this number's cycle was not accepted: the exposure budget is back to one.
    case exposureReduced(PhoneNumber)
    /// How many numbers may be exposed at once now.
    case exposurePermitted(Int)
    /// The wall clock is behind what was recorded: nothing that exposes a number starts until it has caught up.
    case clockBehind(highWaterMark: Instant)
    /// The wall clock has caught up.
    case clockRight
}

/// What happened to the store.
public enum StoreReport: Sendable {
    /// It cannot be written or read; nothing is sent until it can.
    case failed(String, retryAt: Instant)
    /// It works again.
    case recovered
}
