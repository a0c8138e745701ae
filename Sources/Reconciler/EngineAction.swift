public import Planning

/// What the engine asks for. The driver performs them in order; results come back as events.
public enum EngineAction: Sendable {
    /// Make these durable, all or nothing, after all earlier commits; answer `committed` or `commitFailed`.
    case commit(CommitID, [StoreMutation])
    /// Send this request, whose record is durable; answer `answered`.
    case send(VendorCall)
    /// Read numbers that are due by now, at most `limit`, without `excluding`; answer `loaded` or `loadFailed`.
    case load(limit: Int, excluding: Set<PhoneNumber>)
    /// Take this desired state into force, after all earlier commits; answer `adopted`, `adoptionHeld` or
    /// `adoptionFailed`.
    case adopt(DesiredState)
    /// Wake at this instant, instead of any earlier arming; nil disarms. Answer `timerFired`.
    case armTimer(Instant?)
    /// Tell people and other parts.
    case report(EngineReport)
}

/// One request for the vendor.
public struct VendorCall: Hashable, Sendable {
    /// What is asked.
    public enum Content: Hashable, Sendable {
        case enable(PIN)
        case disable
    }

    /// The id of the request in the history.
    public let changeID: Int64
    public let number: PhoneNumber
    public let endpoint: Endpoint
    /// The name of the token; its value is read when it is sent.
    public let tokenName: String
    public let content: Content
}

/// What happened, for logs, progress and metrics.
public enum EngineReport: Sendable {
    /// A request is durable and on its way.
    indirect case requestSent(ChangeEntry)
    /// A request ended; the record is what is believed now.
    indirect case requestEnded(ChangeEntry, NumberRecord)
    /// A number was planned: what is decided about it now.
    indirect case planned(NumberRecord, Decision)
    /// A desired state is in force.
    case adopted(Adoption)
    /// A valid desired state would weaken the fleet: the last one stays in force until somebody accepts the new one.
    case adoptionHeld(HeldState)
    /// These numbers left the desired state while we had them exposed, and could not be enabled in time.
    case leftExposed([PhoneNumber])
    /// An order is durable and in force, or what the store said instead.
    case orderEnded(OrderID, StoreFailure?)
    /// An endpoint is down: it is probed, and everything else for it waits. The outcome is the last that was seen.
    case endpointDown(Endpoint, Outcome)
    /// An endpoint answers again, after being down since.
    case endpointUp(Endpoint, since: Instant)
    /// An enable of this exposed number was not accepted: the exposure budget is back to one.
    case exposureReduced(PhoneNumber)
    /// How many numbers may be exposed at once now.
    case exposurePermitted(Int)
    /// A valid desired state could not be taken into force; it will be tried again.
    case adoptionFailed(String)
    /// The store cannot be written or read; nothing is sent until it can.
    case storeFailed(String, retryAt: Instant)
    /// The store works again.
    case storeRecovered
    /// A number's record cannot be read; it is left alone for an hour.
    case numberUnreadable(PhoneNumber, String)
    /// The wall clock is behind what was recorded: nothing that exposes a number starts until it has caught up.
    case clockBehind(highWaterMark: Instant)
    /// The wall clock has caught up.
    case clockRight
    /// The engine came to rest after `stopRequested`; these numbers are left exposed, these requests unanswered.
    case stopped(exposed: [PhoneNumber], unanswered: Int)
}
