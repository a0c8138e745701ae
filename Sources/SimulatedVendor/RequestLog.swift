public import Foundation
import NIOHTTP1

extension SimulatedVendor {
    /// One request as it came in.
    public struct Recorded: Sendable {
        /// Its place in the order of all requests, or of all looks, from 1.
        public let number: Int
        /// When it came in.
        public let at: ContinuousClock.Instant
        /// Path and query.
        public let uri: String
        public let headers: [(name: String, value: String)]
        /// The body's bytes as they came.
        public let body: Data
        /// What it asks for; nil when it is malformed.
        public let request: VendorModel.Request?
        public let fault: Fault?
        /// What the vendor did with it; nil when it did nothing, or has yet to.
        public internal(set) var verdict: VendorModel.Verdict?
    }
}

/// The newest requests, or looks, bounded.
struct RequestLog: Sendable {
    /// The most that are kept.
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

    /// Records what the vendor did with a request, if that one is still kept.
    mutating func record(_ verdict: VendorModel.Verdict, of number: Int) {
        guard let first = entries.first?.number, number >= first else { return }
        entries[number - first].verdict = verdict
    }
}
