public import Planning

/// What the engine asks for. The driver performs them in order; results come back as events.
public enum EngineAction: Sendable {
    /// Make these durable, all or nothing, after all earlier commits; answer `committed` or `commitFailed`.
    case commit(CommitID, [StoreMutation])
    /// Send this request, whose record is durable; answer `answered`.
    case send(VendorCall)
    /// Ask an observer about a number; answer `observed`.
    case observe(ObserverCall)
    /// Read numbers; answer `loaded` or `loadFailed`.
    case load(LoadRequest, at: Instant)
    /// Adopt this reading, after all earlier commits; answer `adopted` or `adoptionFailed`.
    case adopt(DesiredStateReading, following: Set<PhoneNumber>, at: Instant)
    /// Wake when either clock shows its instant, instead of any earlier arming; nil disarms. Answer `timerFired`.
    case armTimer(wall: Instant?, steady: SteadyInstant?)
    /// Tell people and other parts.
    case report(EngineReport)
}

/// One question about a number, for its observer.
public struct ObserverCall: Hashable, Sendable {
    /// Names the question between the engine and its driver.
    public let id: Int64
    public let number: PhoneNumber
    /// The number's id at the observer's endpoint.
    public let phoneNumberID: PhoneNumberID
    public let observer: Observer

    public init(id: Int64, number: PhoneNumber, phoneNumberID: PhoneNumberID, observer: Observer) {
        self.id = id
        self.number = number
        self.phoneNumberID = phoneNumberID
        self.observer = observer
    }
}

/// One request for a vendor.
public struct VendorCall: Hashable, Sendable {
    /// The id of the request in the history.
    public let changeID: Int64
    public let number: PhoneNumber
    public let vendor: Vendor
    public let endpoint: Endpoint
    /// The number's id at the vendor, where the token does not name it.
    public let phoneNumberID: PhoneNumberID?
    /// The name of the token; its value is read when it is sent.
    public let tokenName: String
    public let operation: VendorOperation
}
