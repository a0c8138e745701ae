public import Foundation
import NIOHTTP1

extension SimulatedVendor {
    /// One request as it was received.
    public struct Recorded: Sendable {
        /// Its position in the order of all requests, or of all observations, from 1.
        public let number: Int
        /// The time at which it was received.
        public let at: ContinuousClock.Instant
        /// The path and query.
        public let uri: String
        public let headers: [(name: String, value: String)]
        /// The body, unchanged.
        public let body: Data
        /// The parsed request; nil when it is malformed.
        public let request: VendorModel.Request?
        public let fault: Fault?
        /// The vendor's verdict; nil when the vendor did nothing, or has yet to.
        public internal(set) var verdict: VendorModel.Verdict?
    }
}

/// The newest requests, or observations, bounded.
struct RequestLog: Sendable {
    /// The maximum count of entries.
    static let maxEntries = 10_000

    private(set) var entries: [SimulatedVendor.Recorded] = []
    private var count = 0

    /// Records a request, and returns its number.
    mutating func append(
        _ head: HTTPRequestHead, _ body: Data, _ request: VendorModel.Request?, _ fault: Fault?,
        at instant: ContinuousClock.Instant
    ) -> Int {
        count += 1
        if entries.count == Self.maxEntries { entries.removeFirst() }
        entries.append(
            SimulatedVendor.Recorded(
                number: count, at: instant, uri: head.uri,
                headers: head.headers.map { (name: $0.name, value: $0.value) }, body: body, request: request,
                fault: fault))
        return count
    }

    /// Records the vendor's verdict on a request, if that request is still in the log.
    mutating func record(_ verdict: VendorModel.Verdict, of number: Int) {
        guard let first = entries.first?.number, number >= first else { return }
        entries[number - first].verdict = verdict
    }
}
