public import Planning

/// An action that the engine requests. The driver performs actions in order; results return as events.
public enum EngineAction: Sendable {
    /// Commits these mutations, all or nothing, after all earlier commits. The answer is `committed` or `commitFailed`.
    case commit(CommitID, [StoreMutation])
    /// Sends this request, whose record is durable. The answer is `answered`.
    case send(VendorCall)
    /// Asks an observer about a number. The answer is `observed`.
    case observe(ObserverCall)
    /// Reads numbers. The answer is `loaded` or `loadFailed`.
    case load(LoadRequest, at: Instant)
    /// Adopts this reading, after all earlier commits. The answer is `adopted` or `adoptionFailed`.
    case adopt(DesiredStateReading, following: Set<PhoneNumber>, at: Instant)
    /// Wakes the engine when either clock reaches its instant, and replaces any earlier arming; nil disarms. The answer
    /// is `timerFired`.
    case armTimer(wall: Instant?, steady: SteadyInstant?)
    /// Reports to operators and to other parts of the process.
    case report(EngineReport)
}

/// One question about a number, for its observer.
public struct ObserverCall: Hashable, Sendable {
    /// The ID of the question between the engine and its driver.
    public let id: Int64
    public let number: PhoneNumber
    /// The number's ID at the observer's endpoint.
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
    /// The ID of the request in the history.
    public let changeID: Int64
    public let number: PhoneNumber
    public let vendor: Vendor
    public let endpoint: Endpoint
    /// The number's ID at the vendor, when the token does not name the number.
    public let phoneNumberID: PhoneNumberID?
    /// The name of the token; its value is read when the request is sent.
    public let tokenName: String
    public let operation: VendorOperation
}
