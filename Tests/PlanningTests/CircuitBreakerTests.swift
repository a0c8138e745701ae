import Planning
import Testing

struct CircuitBreakerTests {
    private static let policy: Policy = {
        var policy = Policy()
        policy.backoffMin = .seconds(2)
        policy.backoffMax = .seconds(3600)
        policy.backoffMaxExposed = .seconds(30)
        return policy
    }()

    /// A breaker that receives failures and answers one after the other.
    private struct Endpoint {
        var breaker = CircuitBreaker()
        var now = Fixture.steadyNow
        var changeID: Int64 = 0

        mutating func record(
            _ reason: OutcomeReason, of index: Int = 0, changeID known: Int64? = nil, jitter: Double = 0.5
        ) -> CircuitBreaker.Change {
            changeID += 1
            if known == nil { breaker.depart(changeID) }
            return breaker.record(
                Outcome(reason), of: known ?? changeID, number: Fixture.phone("+1555010\(1000 + index)"), now: now,
                policy: CircuitBreakerTests.policy, jitter: jitter)
        }

        /// Records five failures of two numbers.
        mutating func fail() { for index in 0..<CircuitBreaker.threshold { _ = record(.timeout, of: index % 2) } }
    }

    @Test func `It opens at the fifth failure in a row, and then blocks until a probe is due`() {
        var endpoint = Endpoint()
        for index in 0..<4 {
            #expect(endpoint.record(.connectionRefused, of: index % 2) == .none)
            #expect(endpoint.breaker.blockedUntil(now: endpoint.now) == nil)
        }
        #expect(endpoint.record(.connectionRefused, of: 0) == .opened)
        #expect(endpoint.breaker.openSince == Fixture.steadyNow)
        // Half of two seconds, and half of the other half by chance.
        #expect(endpoint.breaker.blockedUntil(now: endpoint.now) == Fixture.steadyLater(.milliseconds(1500)))
        #expect(endpoint.breaker.blockedUntil(now: Fixture.steadyLater(.milliseconds(1500))) == nil)
    }

    @Test func `One number alone never opens it`() {
        var endpoint = Endpoint()
        for _ in 0..<50 { #expect(endpoint.record(.timeout) == .none) }
        #expect(endpoint.breaker.blockedUntil(now: endpoint.now) == nil)
        #expect(endpoint.record(.timeout, of: 1) == .opened)
    }

    @Test(arguments: [
        OutcomeReason.success, .rateLimited, .tooManyAttempts, .vendorRefused,
    ])
    func `An answer of its own, whatever it says, starts the count again`(_ answer: OutcomeReason) {
        var endpoint = Endpoint()
        for index in 0..<4 { _ = endpoint.record(.serverError, of: index) }
        #expect(endpoint.record(answer, of: 4) == .none)
        #expect(endpoint.breaker == CircuitBreaker())
    }

    @Test(arguments: [OutcomeReason.tokenUnavailable, .daemonStopped])
    func `What was not about the endpoint counts neither way`(_ reason: OutcomeReason) {
        var endpoint = Endpoint()
        for index in 0..<4 { _ = endpoint.record(.serverError, of: index) }
        #expect(endpoint.record(reason) == .none)
        #expect(endpoint.breaker.failures == 4)
        #expect(endpoint.record(.serverError) == .opened)
    }

    @Test(arguments: [OutcomeReason.authenticationRefused, .balanceRefused, .clientError, .forbidden, .accountBlocked])
    func `The same refusal for five numbers in a row opens it, for one number never`(_ refusal: OutcomeReason) {
        var endpoint = Endpoint()
        for _ in 0..<50 { #expect(endpoint.record(refusal, of: 1) == .none) }
        for index in 2..<5 { #expect(endpoint.record(refusal, of: index) == .none) }
        #expect(endpoint.record(refusal, of: 5) == .opened)
        // Each probe with the same refusal keeps it open; an accepted probe closes it.
        endpoint.now = Fixture.steadyLater(.seconds(2))
        endpoint.breaker.depart(99)
        #expect(endpoint.record(refusal, of: 6, changeID: 99) == .none)
        #expect(endpoint.breaker.blockedUntil(now: endpoint.now) != nil)
        endpoint.now = Fixture.steadyLater(.seconds(60))
        endpoint.breaker.depart(100)
        #expect(endpoint.record(.success, of: 7, changeID: 100) == .closed)
        #expect(endpoint.breaker == CircuitBreaker())
    }

    @Test func `Refusals for several reasons, or with an acceptance in between, do not open it`() {
        var endpoint = Endpoint()
        for index in 0..<20 {
            let refusal: OutcomeReason = index.isMultiple(of: 2) ? .authenticationRefused : .clientError
            #expect(endpoint.record(refusal, of: index) == .none)
        }
        for index in 0..<20 {
            #expect(endpoint.record(.authenticationRefused, of: index) == .none)
            if index % 3 == 0 { #expect(endpoint.record(.success, of: 100) == .none) }
        }
    }

    @Test func `A probe is alone, and its answer closes the breaker`() {
        var endpoint = Endpoint()
        endpoint.fail()
        endpoint.now = Fixture.steadyLater(.seconds(2))
        endpoint.breaker.depart(99)
        #expect(endpoint.breaker.blockedUntil(now: Fixture.steadyLater(.seconds(3600))) == .distantFuture)
        // The outcome of a request that was in flight when the breaker opened is no new evidence.
        let late = endpoint.breaker.record(
            Outcome(.timeout), of: 3, number: Fixture.number, now: endpoint.now, policy: Self.policy, jitter: 0)
        #expect(late == .none && endpoint.breaker.state == .probing(changeID: 99))
        let closed = endpoint.breaker.record(
            Outcome(.vendorRefused), of: 99, number: Fixture.number, now: endpoint.now, policy: Self.policy, jitter: 0)
        #expect(closed == .closed)
        #expect(endpoint.breaker == CircuitBreaker())
    }

    @Test func `Probes that fail wait longer each time, up to the most that an exposed number may wait`() {
        var endpoint = Endpoint()
        endpoint.fail()
        var waits: [Int64] = []
        for index in 0..<9 {
            guard let until = endpoint.breaker.blockedUntil(now: endpoint.now) else { break }
            waits.append(endpoint.now.duration(to: until).milliseconds)
            endpoint.now = until
            #expect(endpoint.record(.timeout, of: index, jitter: 0) == .none)
        }
        #expect(waits == [1500, 2000, 4000, 8000, 15_000, 15_000, 15_000, 15_000, 15_000])
    }

    @Test func `A probe that was not sent makes room for another one at once`() {
        var endpoint = Endpoint()
        endpoint.fail()
        endpoint.now = Fixture.steadyLater(.seconds(2))
        endpoint.breaker.depart(99)
        endpoint.breaker.withdraw(98, now: endpoint.now)
        #expect(endpoint.breaker.state == .probing(changeID: 99))
        endpoint.breaker.withdraw(99, now: endpoint.now)
        #expect(endpoint.breaker.blockedUntil(now: endpoint.now) == nil)
        #expect(endpoint.breaker.openSince != nil, "it still takes the next one for a probe")
    }

    @Test func `The exhaustive list of reasons says of each what it tells`() {
        let down = OutcomeReason.allCases.filter { $0.endpointSignal == .down }
        let up = OutcomeReason.allCases.filter { $0.endpointSignal == .up }
        let account = OutcomeReason.allCases.filter { $0.endpointSignal == .refusesAccount }
        #expect(down.count == 12 && up.count == 4 && OutcomeReason.allCases.count == 23)
        #expect(account == [.authenticationRefused, .balanceRefused, .clientError, .forbidden, .accountBlocked])
        #expect(!down.contains(.authenticationRefused), "one wrong token does not stop the others")
    }

    @Test(arguments: OutcomeReason.allCases)
    func `An answer says that the endpoint works, and its absence that it does not`(_ reason: OutcomeReason) {
        let isAnswer: Bool
        switch reason.verdict {
        case .accepted, .refused: isAnswer = true
        case .noEffect: isAnswer = !reason.neverSent
        case .inDoubt: isAnswer = false
        }
        // Two reasons are caused by the daemon itself.
        let isOurs = [.tokenUnavailable, .daemonStopped].contains(reason)
        // Refusals that may concern one number or the whole account.
        let mayBeTheAccount = [
            .authenticationRefused, .balanceRefused, .clientError, .forbidden, .accountBlocked,
        ].contains(reason)
        let expected: EndpointSignal = isOurs ? .nothing : mayBeTheAccount ? .refusesAccount : isAnswer ? .up : .down
        #expect(reason.endpointSignal == expected)
    }
}
