import Dice
import Planning
import Reconciler
public import Storage

/// A large fleet without any failure, over months: the real engine and a real store on disk, virtual time, and a vendor
/// that accepts everything. It measures the cost of a change in a fleet of a given size; it does not show that the
/// change is safe.
public final class FleetYear {
    /// The work done so far.
    public struct Figures: Sendable {
        /// Requests that were answered.
        public var requests = 0
        /// Enables that were sent, for rotations and first enables.
        public var enables = 0
        /// Durable transactions.
        public var commits = 0
        /// Pages that were read from the store.
        public var pages = 0
        /// Virtual time in milliseconds.
        public var elapsed: Int64 = 0
    }

    private enum Happening {
        case diskTurn
        case answer(changeID: Int64)
        case mark
    }

    /// The duration of one turn of the disk, and of an answer of the vendor, in milliseconds.
    private static let diskDelay: Milliseconds = 10
    private static let answerDelays: ClosedRange<Milliseconds> = 80...240

    public private(set) var figures = Figures()
    private let store: Store
    private let numbers: Int
    private let end: Milliseconds
    private var random: SplitMix64
    private var clock = VirtualClock(start: World.start)
    private var timeline = Timeline<Happening>()
    private var engine: Engine
    private var jobs: [DiskJob] = []
    private var isDiskBusy = false
    private var timer: Milliseconds?

    /// Creates a fleet in a new store. Rate limits are lifted, as `docs/scale.md` recommends for a fleet of that size.
    ///
    /// - Parameters:
    ///   - location: the location of the new store.
    ///   - numbers: the count of numbers, at most nine million.
    ///   - days: the count of days of virtual time.
    public init(at location: StoreLocation, numbers: Int, days: Int, seed: UInt64) throws {
        precondition((1...9_000_000).contains(numbers) && days > 0, "a fleet of some size, for some days")
        random = SplitMix64(seed: seed)
        try location.prepareDirectory()
        store = try Store.open(at: location, key: SealingKey.random(using: &random))
        self.numbers = numbers
        end = Milliseconds(days) * .day
        var policy = Policy()
        policy.requestsPerMinute = nil
        policy.writesPerHour = nil
        policy.concurrency = 256
        policy.maxExposed = 256
        engine = Engine(policy: policy)
    }

    /// Runs for all days.
    ///
    /// - Parameter mark: receives the figures once a virtual day.
    /// - Throws: the store's errors.
    public func run(mark: (Figures) -> Void) throws {
        try post(
            .started(
                EngineStart(
                    nextChangeID: try store.reader.nextChangeID(), openCycles: [],
                    nextDueAt: try store.reader.nextDueAt())))
        let state = DesiredState(numbers: try fleet(), sha256: Self.digest, source: "fleet")
        try post(.desiredStateRead(DesiredStateReading(state: state)))
        timeline.insert(.mark, at: .day)
        while clock.elapsed < end {
            if let timer, max(clock.elapsed, timer) <= timeline.nextAt ?? .max {
                clock.advance(to: max(clock.elapsed, timer))
                self.timer = nil
                try post(.timerFired)
                continue
            }
            guard let (moment, happening) = timeline.removeNext() else { break }
            clock.advance(to: moment)
            figures.elapsed = clock.elapsed
            switch happening {
            case .diskTurn: try diskTurn()
            case .answer(let id):
                figures.requests += 1
                try post(.answered(changeID: id, Outcome(.success)))
            case .mark:
                mark(figures)
                timeline.insert(.mark, at: moment + .day)
            }
        }
        try store.close()
    }

    private static let digest = String(repeating: "f", count: 64)

    private func fleet() throws -> [DesiredNumber] {
        // Rotations come together once a week, as in a fleet whose operators want to know when.
        let window = try RotationWindow(parsing: "Sun 02:00-06:00 UTC")
        return (0..<numbers).map { index in
            guard let number = PhoneNumber("+1555\(1_000_000 + index)") else { preconditionFailure("a number") }
            return DesiredNumber(
                number: number, label: "number-\(index)", tokenName: "token-\(index)", reapplyEvery: nil,
                rotationWindow: window)
        }
    }

    private func post(_ event: EngineEvent) throws {
        for action in engine.handle(event, at: clock.moment, random: &random) {
            switch action {
            case .commit(let id, let mutations): submit(.commit(id, mutations))
            case .load(let request, let now): submit(.load(request, at: now))
            case .adopt(let reading, let following, let now): submit(.adopt(reading, following: following, at: now))
            case .send(let call):
                if case .enable = call.operation { figures.enables += 1 }
                timeline.insert(
                    .answer(changeID: call.changeID), at: clock.elapsed + random.span(Self.answerDelays))
            case .armTimer(let wall, let steady): timer = clock.earliest(wall: wall, steady: steady)
            case .report: break
            case .observe: preconditionFailure("no number of this fleet can be observed")
            }
        }
    }

    private func submit(_ job: DiskJob) {
        jobs.append(job)
        guard !isDiskBusy else { return }
        isDiskBusy = true
        timeline.insert(.diskTurn, at: clock.elapsed + Self.diskDelay)
    }

    /// Performs all waiting jobs, with the commits in one transaction, as the daemon's queue does.
    private func diskTurn() throws {
        isDiskBusy = false
        let due = jobs
        jobs = []
        var batch: [(CommitID, [StoreMutation])] = []
        func commit() throws {
            guard !batch.isEmpty else { return }
            let committed = batch
            batch = []
            let receipt = try store.commit(committed.flatMap(\.1))
            figures.commits += 1
            for (id, _) in committed { try post(.committed(id, receipt)) }
        }
        for job in due {
            switch job {
            case .commit(let id, let mutations): batch.append((id, mutations))
            case .load(let request, let now):
                try commit()
                figures.pages += 1
                try post(.loaded(try store.reader.load(request, at: now)))
            case .adopt(let reading, let following, let now):
                try commit()
                let result = try store.adopt(
                    reading, guardedBy: DesiredStateGuard.none, following: following, at: now)
                guard case .adopted = result.verdict else { preconditionFailure("a first state is never held") }
                try post(.adopted(result))
            case .loadFailure, .intrusion: break
            }
        }
        try commit()
    }
}
