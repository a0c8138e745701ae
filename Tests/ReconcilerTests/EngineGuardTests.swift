import Planning
import Reconciler
import Storage
import Testing

@Suite("Guards: endpoints that are down, orders, and states that are held")
struct EngineGuardTests {
    private static let entry = EventEntry(at: Bench.start, kind: .paused, actor: "ops (uid 1000)", detail: "test")

    private static func pause(includesExposed: Bool = false) -> Order {
        .pause(Pause(since: Bench.start, by: "ops", reason: nil, includesExposed: includesExposed))
    }

    private func orderEnds(_ bench: Bench) -> [StoreFailure?] {
        bench.reports.compactMap { if case .orderEnded(_, let failure) = $0 { .some(failure) } else { nil } }
    }

    @Test
    func `failures of several numbers open the breaker; then one probe at a time goes out, of another number each`()
        throws
    {
        let bench = try Bench()
        try bench.adopt(try (1...40).map { try Bench.desired($0, .disabled) })
        try bench.start()
        try bench.work()
        #expect(bench.calls.count == 8)
        for _ in 0..<8 {
            for call in bench.calls { bench.answerOnce(call, .connectionRefused) }
            try bench.work()
        }
        let storm = bench.calls.count
        #expect(storm <= 8 + CircuitBreaker.threshold, "those on their way when it opened, and no more")
        #expect(bench.reports.contains { if case .guardChanged(.endpointDown) = $0 { true } else { false } })
        var probed: [PhoneNumber] = []
        for _ in 0..<6 {
            while bench.calls.count == storm + probed.count {
                try bench.wake()
                try bench.work()
            }
            #expect(bench.calls.count == storm + probed.count + 1, "one at a time")
            let probe = try #require(bench.calls.last)
            if !probed.isEmpty { #expect(probe.number != probed.last) }
            probed.append(probe.number)
            bench.answer(probe, .timeout)
            try bench.work()
        }
        while bench.calls.count == storm + probed.count {
            try bench.wake()
            try bench.work()
        }
        bench.answer(try #require(bench.calls.last), .success)
        try bench.work()
        #expect(bench.reports.contains { if case .guardChanged(.endpointUp) = $0 { true } else { false } })
        #expect(bench.calls.count > storm + probed.count + 2, "all go on")
    }

    @Test func `a token that is refused again and again opens no breaker`() throws {
        let bench = try Bench()
        try bench.adopt(try (1...3).map { try Bench.desired($0, .disabled) })
        try bench.start()
        try bench.work()
        for _ in 0..<12 {
            let call = try #require(bench.calls.last)
            bench.answer(call, .authenticationRefused)
            try bench.work()
            try bench.wake()
            try bench.work()
        }
        #expect(!bench.reports.contains { if case .guardChanged(.endpointDown) = $0 { true } else { false } })
    }

    @Test func `a pause holds at once, is durable before it is confirmed, and outlives the process`() throws {
        let bench = try Bench()
        try bench.adopt(try (1...3).map { try Bench.desired($0) })
        try bench.start()
        bench.post(.ordered(OrderID(1), Self.pause(), .all, Self.entry))
        #expect(orderEnds(bench).isEmpty, "not before it is durable")
        try bench.work()
        #expect(orderEnds(bench) == [nil])
        #expect(bench.calls.isEmpty)
        #expect(try bench.store.reader.events(limit: 10).contains { $0.entry.kind == .paused })
        bench.pass(.seconds(3600))
        try bench.start()
        try bench.work()
        #expect(bench.calls.isEmpty)
        bench.post(.ordered(OrderID(2), .resume, .all, Self.entry))
        try bench.work()
        #expect(!bench.calls.isEmpty)
    }

    @Test func `a pause that cannot be made durable is none, and is said`() throws {
        let bench = try Bench()
        try bench.adopt([try Bench.desired(1)])
        try bench.start()
        bench.post(.ordered(OrderID(1), Self.pause(), .numbers([try Bench.number(1)]), Self.entry))
        while !bench.storeWork.isEmpty {
            if case .commit(_, let mutations) = bench.storeWork[0],
                mutations.contains(where: { if case .order = $0 { true } else { false } })
            {
                try bench.workOnce(failing: true)
                break
            }
            try bench.workOnce()
        }
        #expect(orderEnds(bench).count == 1 && orderEnds(bench).first != .some(nil))
        try bench.wake()
        try bench.work()
        #expect(bench.calls.count == 1, "it goes on")
        #expect(try bench.record(1).pause == nil)
    }

    @Test func `an exposed number is enabled in spite of the pause of all, unless that includes exposed ones`() throws {
        for includesExposed in [false, true] {
            let bench = try Bench()
            try bench.adopt(try (1...2).map { try Bench.desired($0) })
            try bench.expose(1, due: bench.now.advanced(by: .seconds(1)))
            try bench.store.commit([
                .order(Self.pause(includesExposed: includesExposed), .all, at: bench.now), .event(Self.entry),
            ])
            bench.pass(.seconds(2))
            try bench.start()
            try bench.work()
            let expected = includesExposed ? [] : [try Bench.number(1)]
            #expect(bench.calls.map(\.number) == expected)
            #expect(bench.calls.allSatisfy { $0.isEnable })
        }
    }

    @Test func `an order to rotate, re-apply or reset reaches numbers at rest in the store`() throws {
        let bench = try Bench()
        try bench.adopt(try (1...3).map { try Bench.desired($0) })
        for index in 1...3 { try bench.converge(index) }
        bench.pass(.seconds(60))
        try bench.start()
        try bench.work()
        #expect(bench.calls.isEmpty)
        let orders: [(Order, Int, Bool)] = [
            (.rotate(before: bench.now), 1, false), (.reapply, 2, true), (.reset, 3, false),
        ]
        for (order, index, isEnable) in orders {
            bench.post(.ordered(OrderID(Int64(index)), order, .numbers([try Bench.number(index)]), Self.entry))
            try bench.work()
            let call = try #require(bench.calls.last)
            #expect(try call.number == Bench.number(index) && call.isEnable == isEnable, "\(order)")
            bench.answer(call, .success)
            try bench.work()
            if !isEnable {
                bench.answer(try #require(bench.calls.last), .success)
                try bench.work()
            }
        }
        #expect(orderEnds(bench) == [nil, nil, nil])
        let record = try bench.record(1)
        #expect(record.belief.generations == [2], "rotated once")
    }

    @Test func `a state that drops a number in the midst of its rotation waits until it is enabled again`() throws {
        let bench = try Bench()
        try bench.adopt(try (1...6).map { try Bench.desired($0) })
        for index in 2...6 { try bench.converge(index) }
        try bench.expose(1)
        try bench.start()
        try bench.work()
        #expect(bench.calls.map(\.isEnable) == [true])
        bench.read(Bench.state(try (2...6).map { try Bench.desired($0) }))
        try bench.work()
        #expect(try bench.record(1).desired != nil, "not yet")
        bench.answer(bench.calls[0], .success)
        try bench.work()
        #expect(try bench.record(1).desired == nil)
        #expect(try bench.record(1).belief.generations == [1])
        #expect(!bench.reports.contains { if case .desiredState(.leftExposed) = $0 { true } else { false } })
    }

    @Test func `when it cannot be enabled within the grace of a stop, the state is taken and the number told of`()
        throws
    {
        let bench = try Bench()
        try bench.adopt(try (1...6).map { try Bench.desired($0) })
        for index in 2...6 { try bench.converge(index) }
        try bench.expose(1)
        try bench.start()
        try bench.work()
        bench.read(Bench.state(try (2...6).map { try Bench.desired($0) }))
        let end = bench.now.advanced(by: Policy().shutdownGrace)
        for _ in 0..<1000 where bench.now < end {
            if let call = bench.calls.last { bench.answerOnce(call, .vendorRefused) }
            try bench.work()
            try bench.wake()
            try bench.work()
        }
        #expect(bench.now >= end)
        #expect(try bench.record(1).desired == nil)
        let left = bench.reports.compactMap {
            if case .desiredState(.leftExposed(let numbers)) = $0 { numbers } else { nil }
        }
        #expect(left == [[try Bench.number(1)]])
    }

    @Test func `a state that is held changes nothing, and the number that it would have added is not looked for`()
        throws
    {
        let bench = try Bench(desiredStateGuard: DesiredStateGuard(maximumPercent: 20, holdsNewStore: false))
        try bench.adopt(try (1...10).map { try Bench.desired($0) })
        for index in 1...10 { try bench.converge(index) }
        try bench.start()
        var state = Bench.state(try (5...11).map { try Bench.desired($0) })
        bench.read(state)
        try bench.work()
        #expect(bench.calls.isEmpty)
        #expect(bench.reports.contains { if case .desiredState(.held) = $0 { true } else { false } })
        #expect(try bench.store.reader.desiredStateStatus().held?.sha256 == state.sha256)
        #expect(try bench.record(1).desired != nil)
        state.acceptedBy = "ops"
        bench.read(state)
        try bench.work()
        #expect(try bench.record(1).desired == nil)
        #expect(bench.calls.map(\.number) == [try Bench.number(11)])
        #expect(try bench.store.reader.desiredStateStatus().held == nil)
    }

    @Test func `Retry-After is the endpoint's that gave it, also when the number has another by then`() throws {
        let bench = try Bench()
        let entry = try Bench.desired(1, .disabled)
        try bench.adopt([entry])
        try bench.start()
        try bench.work()
        var moved = entry
        moved.endpoint = Endpoint(text: "https://other.example/api")
        bench.read(Bench.state([moved]))
        try bench.work()
        bench.answer(bench.calls[0], .rateLimited, retryAfter: .seconds(3000))
        try bench.work()
        try bench.wake()
        try bench.work()
        #expect(bench.calls.count == 2 && bench.calls[1].endpoint == moved.endpoint)
        #expect(Bench.start.duration(to: bench.now) < .seconds(60))
    }

    @Test(arguments: [
        (OutcomeReason.connectionRefused, 0 as Int64), (.serverError, 0), (.timeout, 30),
    ])
    func `an outage of an hour brings a fleet of 10,000 to a few hundred probes, however its requests end`(
        _ reason: OutcomeReason, _ secondsEach: Int64
    ) throws {
        var policy = Policy()
        policy.requestsPerMinute = nil
        let bench = try Bench(policy: policy)
        try bench.adopt(try (1...10_000).map { try Bench.desired($0, .disabled) })
        try bench.start()
        try bench.work()
        let end = bench.now.advanced(by: .seconds(3600))
        var next = 0
        while bench.now < end {
            let open = Array(bench.calls[next...])
            next = bench.calls.count
            if !open.isEmpty { bench.pass(.seconds(secondsEach)) }
            for call in open { bench.answer(call, reason) }
            try bench.work()
            if bench.calls.count == next { try bench.wake() }
            try bench.work()
        }
        print("an hour's outage (\(reason.rawValue)), 10,000 numbers: \(bench.calls.count) requests")
        // At most a probe in each half of backoff_max_exposed, and the requests in flight when the breaker opened.
        #expect((60...3600 / 15 + 8 + 2 * CircuitBreaker.threshold).contains(bench.calls.count))
        let most = Dictionary(grouping: bench.calls, by: \.number).values.map(\.count).max() ?? 0
        #expect(most <= 3, "no number bears the probes alone")
    }
}
