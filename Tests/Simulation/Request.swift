import Planning
import Reconciler

/// A request that left the daemon.
struct Request {
    let call: VendorCall
    /// The number at the vendor that it is for.
    let identity: NumberRecord.Identity
    /// What its limits belong to.
    let account: Account
    /// The process that sent it.
    let life: Int
    let fault: Fault
    /// Which stay of the number in `enabled` it belongs to; nil when the number should not be enabled.
    let exposureTerm: Int?
    /// Whether the vendor accepted it, once it arrived in time.
    var isAccepted: Bool?
    /// It is on the way to the vendor.
    var isTravelling = true
    /// Whoever sent it is gone: it lands after the next process has started, within the settle delay of that.
    var awaitsRestart = false
    /// When it lands although nobody waits for it any more.
    var landsAt: Milliseconds?
}

/// The numbers that are off because of a disable of ours while they should be enabled.
struct Exposure {
    private(set) var numbers: Set<PhoneNumber> = []
    /// Counts how often a number left `enabled`: what was sent before does not count afterwards.
    private var terms: [PhoneNumber: Int] = [:]

    func term(of number: PhoneNumber) -> Int { terms[number, default: 0] }

    /// The number need not be enabled any more.
    mutating func forget(_ number: PhoneNumber) {
        terms[number, default: 0] += 1
        numbers.remove(number)
    }

    mutating func keep(where isEnabled: (PhoneNumber) -> Bool) {
        for number in numbers where !isEnabled(number) { forget(number) }
    }

    mutating func note(_ number: PhoneNumber, isOff: Bool, term: Int?) {
        if !isOff {
            numbers.remove(number)
        } else if term == self.term(of: number) {
            numbers.insert(number)
        }
    }
}
