import ConfigFile
import Planning
import Vendors

extension Doctor {
    /// The most numbers that are asked about: each is a request.
    static let maxObserved = 20
    /// How long an observer may take to answer.
    private static let observerTimeout: Duration = .seconds(10)

    /// A number, where it is observed, and the answer.
    private struct Observed: Sendable {
        let number: PhoneNumber
        let observer: Observer
        let id: PhoneNumberID
        var answer: ObserverAnswer?
    }

    /// Asks the observers about some numbers, which only reads: whether their tokens work, and whether each id belongs to the
    /// number of its entry.
    func observers(_ desired: DesiredState?, _ secrets: SecretSources?) async -> [Finding] {
        guard let desired, let secrets else {
            return [Finding("numbers", .ok, "not checked: there is no valid desired state")]
        }
        let all = desired.numbers.compactMap { entry in
            entry.observer.flatMap { observer in
                entry.phoneNumberID.map { Observed(number: entry.number, observer: observer, id: $0) }
            }
        }
        guard !all.isEmpty else { return [Finding("numbers", .ok, "none has an observer")] }
        let client: HTTPVendorClient
        do throws(StartupError) {
            client = HTTPVendorClient(
                requestTimeout: Self.observerTimeout, userAgent: "twostepd/\(Version.number)",
                transport: try Transport(settings))
        } catch {
            return [Finding("ca_file", .failure, error.description, advice: "correct the settings")]
        }
        let answers = await Self.ask(Self.sample(of: all), client, secrets)
        await client.shutdown()
        return Self.findings(answers, of: all.count)
    }

    /// At most ``maxObserved``, the first number of each observer before the second of any.
    private static func sample(of all: [Observed]) -> [Observed] {
        var counts: [Account: Int] = [:]
        let ranked = all.map { number in
            counts[number.observer.account, default: 0] += 1
            return (rank: counts[number.observer.account] ?? 0, number: number)
        }
        return ranked.sorted { ($0.rank, $0.number.number) < ($1.rank, $1.number.number) }.prefix(maxObserved)
            .map(\.number)
    }

    private static func ask(
        _ numbers: [Observed], _ client: HTTPVendorClient, _ secrets: SecretSources
    ) async -> [Observed] {
        let index = SecretIndex(secrets.everySecret)
        return await withTaskGroup(of: Observed.self) { group in
            for number in numbers {
                group.addTask {
                    var answered = number
                    answered.answer = await ask(number, client, secrets, hiding: index)
                    return answered
                }
            }
            return await group.reduce(into: []) { $0.append($1) }.sorted { $0.number < $1.number }
        }
    }

    private static func ask(
        _ number: Observed, _ client: HTTPVendorClient, _ secrets: SecretSources, hiding index: SecretIndex
    ) async -> ObserverAnswer {
        let token: Token
        do { token = try secrets.token(named: number.observer.tokenName) } catch {
            return .unknown(Outcome(.tokenUnavailable, message: error.description))
        }
        let request = ObservationRequest(
            number: number.number, phoneNumberID: number.id, endpoint: number.observer.endpoint, token: token)
        return await withCheckedContinuation { continuation in
            client.observe(request, hiding: index) { continuation.resume(returning: $0) }
        }
    }

    /// One finding for all that is well, and one for each problem of each observer.
    private static func findings(_ asked: [Observed], of total: Int) -> [Finding] {
        var problems: [(observer: Observer, outcome: Outcome, numbers: [PhoneNumber])] = []
        for number in asked {
            guard case .unknown(let outcome)? = number.answer else { continue }
            if let place = problems.firstIndex(where: { $0.observer == number.observer && $0.outcome == outcome }) {
                problems[place].numbers.append(number.number)
            } else {
                problems.append((number.observer, outcome, [number.number]))
            }
        }
        let failed = problems.reduce(0) { $0 + $1.numbers.count }
        let left = total > asked.count ? "; \(total - asked.count) more were not asked about" : ""
        let summary = Finding(
            "numbers", .ok, "\(asked.count - failed) of \(asked.count) observers' ids belong to their numbers\(left)")
        return [summary] + problems.map { finding($0.observer, $0.outcome, $0.numbers) }
    }

    private static func finding(_ observer: Observer, _ outcome: Outcome, _ numbers: [PhoneNumber]) -> Finding {
        let more = numbers.count > 1 ? " and \(numbers.count - 1) more" : ""
        let subject = numbers.first.map { "\($0)\(more): " } ?? ""
        let (level, advice): (Finding.Level, String) =
            switch outcome.reason {
            case .authenticationRefused, .accountBlocked, .balanceRefused:
                (
                    .failure,
                    "renew the token \(observer.tokenName), and check that its system user may see these numbers"
                )
            case .tokenUnavailable: (.failure, "add the token \(observer.tokenName) to the secrets")
            case .vendorRefused, .clientError:
                (.failure, "compare number and phone_number_id of the entry with WhatsApp Manager")
            case .rateLimited, .tooManyAttempts: (.warning, "wait, or lower the number of requests with this token")
            case .success, .nameNotResolved, .connectionRefused, .connectTimeout, .tlsFailed, .notSent, .forbidden,
                .serviceUnavailable, .serverError, .unexpectedStatus, .timeout, .connectionLost, .oversized, .malformed,
                .daemonStopped:
                (.warning, "see 'endpoints'; numbers are kept as desired all the same")
            }
        return Finding(observer.account.text, level, subject + outcome.observerSentence, advice: advice)
    }
}
