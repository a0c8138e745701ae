import Planning
import Storage
import Synchronization

/// The fleet in figures, and its most urgent numbers: the basis of the page, the metrics and the daily summary line.
///
/// Its size is the same for a million numbers as for some thousand.
struct FleetDigest: Sendable {
    /// The instant of the digest.
    let at: Instant
    private(set) var count = 0
    private(set) var conditions: [NumberCondition: Int] = [:]
    private(set) var reasons: [DecisionReason: Int] = [:]
    /// The count of PINs that were due to change before ``at``: see ``NumberStatus/isRotationOverdue``.
    private(set) var overdue = 0
    /// The count of PINs that fall due on each of the coming days; overdue ones count on the first.
    private(set) var rotations = [Int](repeating: 0, count: daysAhead)
    private(set) var endpoints: Set<String> = []
    /// The count of numbers by vendor.
    private(set) var vendors: [Vendor: Int] = [:]
    /// The count of numbers that the vendor refuses to disable, by endpoint; 0 for the other endpoints.
    private(set) var refused: [VendorEndpoint: Int] = [:]
    /// The observation of each observer's numbers.
    private(set) var observers: [Account: ObserverTally] = [:]
    /// The count of numbers that another person or program changed and that are not corrected yet.
    private(set) var drifted = 0
    /// The count of numbers of which several re-applies in a row were refused.
    private(set) var reappliesRefused = 0
    /// True when any number was ever observed.
    private(set) var hasObservations = false
    /// The most urgent numbers by rank, as many as the page can show.
    private var urgentByRank: [Int: [NumberStatus]] = [:]

    /// The count of days for which rotations are counted.
    static let daysAhead = 90
    private static let day: Int64 = 86_400_000

    init(at now: Instant) { at = now }

    /// Reads the fleet from the store.
    init(_ reader: StoreReader, view: FleetView, guards: GuardsInForce) throws(StorageError) {
        let digest = Mutex(FleetDigest(at: view.now))
        let _: [Never] = try view.survey(reader, guards: guards) { standing in
            digest.withLock { $0.add(standing) }
            return nil
        }
        self = digest.withLock { $0 }
    }

    /// The most urgent numbers, at most as many as the page shows.
    var urgent: [NumberStatus] {
        Array(urgentByRank.sorted { $0.key < $1.key }.flatMap(\.value).prefix(FleetPage.maxRows))
    }

    /// PINs that fall due within a day, or are overdue.
    var rotationsWithinADay: Int { rotations[0] }

    /// The count of numbers that were not observed for longer than twice their `observe_every`.
    var unobserved: Int { observers.values.reduce(0) { $0 + $1.unobserved } }

    mutating func add(_ standing: NumberStatus) {
        count += 1
        conditions[standing.condition, default: 0] += 1
        reasons[standing.reason, default: 0] += 1
        if let desired = standing.record.desired {
            let endpoint = VendorEndpoint(vendor: desired.vendor, text: Account(of: desired).text)
            endpoints.insert(endpoint.text)
            vendors[desired.vendor, default: 0] += 1
            refused[endpoint, default: 0] += standing.reason == .disableRefused ? 1 : 0
            if let observer = desired.observation?.observer.account {
                // Observers have breakers of their own.
                endpoints.insert(observer.text)
                observers[observer, default: ObserverTally()]
                    .add(standing.record, isPaused: standing.condition == .paused, at: at)
            }
            if standing.record.openDrift != nil { drifted += 1 }
        }
        if standing.record.desired != nil,
            standing.record.reapplyRefusals?.count ?? 0 >= HookKind.failuresBeforeNotification
        {
            reappliesRefused += 1
        }
        if standing.record.observations.newest != nil { hasObservations = true }
        if let rotationAt = standing.rotationAt {
            if standing.isRotationOverdue { overdue += 1 }
            let days = max(0, at.duration(to: rotationAt).milliseconds) / Self.day
            if days < Self.daysAhead { rotations[Int(days)] += 1 }
        }
        if urgentByRank[standing.rank, default: []].count < FleetPage.maxRows {
            urgentByRank[standing.rank, default: []].append(standing)
        }
    }
}

/// An endpoint with the vendor that serves it.
struct VendorEndpoint: Hashable, Sendable, Comparable {
    let vendor: Vendor
    /// The name of the account: see ``Account/text``.
    let text: String

    static func < (left: VendorEndpoint, right: VendorEndpoint) -> Bool {
        (left.text, left.vendor.rawValue) < (right.text, right.vendor.rawValue)
    }
}

/// Caches a digest of a large fleet, so that requests use at most a tenth of one processor at any rate. A fleet that is
/// read quickly is read for each request.
final class DigestCache: Sendable {
    private struct Kept {
        let digest: FleetDigest
        let until: ContinuousClock.Instant
    }

    private let kept = Mutex<Kept?>(nil)

    /// The cost below which a digest is made anew for each request.
    private static let cheap: Duration = .milliseconds(250)
    private static let share = 10

    /// Returns the cached digest, or makes one.
    ///
    /// - Returns: the digest, and whether it was made now, at a cost above the limit.
    func digest(
        _ make: () throws(StorageError) -> FleetDigest
    ) throws(StorageError) -> (digest: FleetDigest, wasCostly: Bool) {
        let began = ContinuousClock.now
        if let kept = kept.withLock({ $0 }), began < kept.until { return (kept.digest, false) }
        let digest = try make()
        let cost = began.duration(to: .now)
        let isCostly = cost > Self.cheap
        kept.withLock { $0 = isCostly ? Kept(digest: digest, until: .now + cost * Self.share) : nil }
        return (digest, isCostly)
    }
}
