import ConfigFile
import Planning
import Reconciler
import Vendors

extension Doctor {
    /// The limit of numbers that are checked: each costs a request.
    static let maxObserved = 20
    /// The timeout of a request to an observer.
    private static let observerTimeout: Duration = .seconds(10)

    /// A request to an observer, and its answer.
    private struct Observed: Sendable {
        let call: ObserverCall
        let answer: ObserverAnswer
    }

    /// Asks the observers about some numbers, with requests that only read: checks that their tokens work, and that
    /// each id belongs to the number of its entry.
    func observers(_ desired: DesiredState?, _ secrets: SecretSources?) async -> [Finding] {
        guard let desired, let secrets else {
            return [Finding("numbers", .ok, "not checked: there is no valid desired state")]
        }
        let all = desired.numbers.compactMap { entry in
            entry.observation.map {
                ObserverCall(id: 0, number: entry.number, phoneNumberID: $0.id, observer: $0.observer)
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

    /// At most ``maxObserved`` calls, the first number of each observer before the second of any.
    private static func sample(of all: [ObserverCall]) -> [ObserverCall] {
        var counts: [Account: Int] = [:]
        let ranked = all.map { call in
            counts[call.observer.account, default: 0] += 1
            return (rank: counts[call.observer.account] ?? 0, call: call)
        }
        return ranked.sorted { ($0.rank, $0.call.number) < ($1.rank, $1.call.number) }.prefix(maxObserved).map(\.call)
    }

    private static func ask(
        _ calls: [ObserverCall], _ client: HTTPVendorClient, _ secrets: SecretSources
    ) async -> [Observed] {
        let index = SecretIndex(secrets.everySecret)
        return await withTaskGroup(of: Observed.self) { group in
            for call in calls {
                group.addTask {
                    let answer = await withCheckedContinuation { continuation in
                        client.observe(call, token: secrets.token(named:), hiding: index) {
                            continuation.resume(returning: $0)
                        }
                    }
                    return Observed(call: call, answer: answer)
                }
            }
            return await group.reduce(into: []) { $0.append($1) }.sorted { $0.call.number < $1.call.number }
        }
    }

    /// Returns one finding for all numbers without a problem, and one for each problem of each observer.
    private static func findings(_ asked: [Observed], of total: Int) -> [Finding] {
        var problems: [(observer: Observer, outcome: Outcome, numbers: [PhoneNumber])] = []
        for observed in asked {
            guard case .unknown(let outcome) = observed.answer else { continue }
            let (observer, number) = (observed.call.observer, observed.call.number)
            if let place = problems.firstIndex(where: { $0.observer == observer && $0.outcome == outcome }) {
                problems[place].numbers.append(number)
            } else {
                problems.append((observer, outcome, [number]))
            }
        }
        let failed = problems.reduce(0) { $0 + $1.numbers.count }
        let left = total > asked.count ? "; \(total - asked.count) more were not asked about" : ""
        let summary = Finding(
            "numbers", .ok, "ids that belong to their numbers: \(asked.count - failed) of \(asked.count)\(left)")
        return [summary] + problems.map { finding($0.observer, $0.outcome, $0.numbers) }
    }

    private static func finding(_ observer: Observer, _ outcome: Outcome, _ numbers: [PhoneNumber]) -> Finding {
        let more = numbers.count > 1 ? " and \(numbers.count - 1) more" : ""
        let subject = numbers.first.map { "\($0)\(more): " } ?? ""
        let (level, advice): (Finding.Level, String) =
            switch outcome.reason {
            case .accountBlocked: (.failure, "see the account in WhatsApp Manager")
            case .authenticationRefused, .balanceRefused:
                (
                    .failure,
                    "renew the token \(observer.tokenName), and check that its system user may see these numbers"
                )
            case .tokenUnavailable: (.failure, "add the token \(observer.tokenName) to the secrets")
            case .vendorRefused, .clientError:
                (.failure, "compare number and phone_number_id of the entry with WhatsApp Manager")
            case .rateLimited, .tooManyAttempts: (.warning, "wait, or lower the number of requests with this token")
            case .forbidden, .malformed:
                (.warning, "check that the token \(observer.tokenName) may read these numbers")
            case .success, .nameNotResolved, .connectionRefused, .connectTimeout, .tlsFailed, .notSent,
                .serviceUnavailable, .serverError, .unexpectedStatus, .timeout, .connectionLost, .oversized,
                .daemonStopped:
                (.warning, "see 'endpoints'; numbers are still kept as desired")
            }
        return Finding(observer.account.text, level, subject + outcome.observerSentence, advice: advice)
    }
}
