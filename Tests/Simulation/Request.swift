import Planning
import Reconciler

/// A request that the daemon sent.
struct Request {
    let call: VendorCall
    /// The number at the vendor that it is for.
    let identity: NumberRecord.Identity
    /// The account that its limits belong to.
    let account: Account
    /// The process that sent it.
    let life: Int
    let fault: Fault
    /// The period of the number in `enabled` that the request belongs to; nil when the number should not be enabled.
    let exposureTerm: Int?
    /// True when the vendor accepted it, once it arrived in time.
    var isAccepted: Bool?
    /// True while it is on the way to the vendor.
    var isTravelling = true
    /// True when its sender has ended: it takes effect after the next process has started, within the settle delay of
    /// that.
    var awaitsRestart = false
    /// The time of its late effect, when its answer is no longer waited for.
    var landsAt: Milliseconds?
}

/// The numbers that are off because of a disable of ours while they should be enabled.
struct Exposure {
    private(set) var numbers: Set<PhoneNumber> = []
    /// The count of times that a number left `enabled`: requests sent before do not count afterwards.
    private var terms: [PhoneNumber: Int] = [:]

    func term(of number: PhoneNumber) -> Int { terms[number, default: 0] }

    /// Removes a number that no longer needs to be enabled.
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
