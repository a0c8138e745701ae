import ConfigFile
import Glibc
import Planning
import Simulation
import Storage
import Vendors

/// Repeats one piece of work on constant input, so that `scripts/instructions.sh` can count its instructions. It prints
/// a sum over the results, so that the compiler cannot remove any of the work, and a change cannot do so unseen.
@main
struct InstructionsCommand {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let rounds = Int(arguments[2]), (0...100_000).contains(rounds),
            let work = works[arguments[1]]
        else {
            print("usage: instructions \(works.keys.sorted().joined(separator: "|")) ROUNDS DIR")
            exit(64)
        }
        print("\(arguments[1]): \(try work(rounds, arguments[3]))")
    }

    private static let works: [String: @Sendable (_ rounds: Int, _ folder: String) throws -> Int] = [
        "planner": planner, "classifier": classifier, "reader": reader, "number": number,
    ]

    private static let now = Instant(millisecondsSinceEpoch: 1_790_000_000_000)

    private static func ago(_ seconds: Int64) -> Instant { now.advanced(by: .seconds(-seconds)) }

    /// Decides on a number at rest, one whose rotation is due, one that is exposed, and one in doubt.
    private static func planner(_ rounds: Int, _: String) throws -> Int {
        guard let number = PhoneNumber("+15550100001"), let pin = PIN(digits: "482913") else {
            preconditionFailure("a number and a PIN")
        }
        let window = try RotationWindow(parsing: "Mon-Fri 09:00-17:00 UTC")
        let desired = DesiredNumber(number: number, tokenName: "token", rotationWindow: window)
        func record(_ belief: Belief, made: Instant, applied: Instant) -> NumberRecord {
            NumberRecord(
                number: number, desired: desired, belief: belief,
                generations: [PINGeneration(generation: 1, pin: pin, origin: .generated, createdAt: made)],
                appliedAt: applied, rotatedAt: made, recentWrites: [applied])
        }
        let on = Belief(maybeOff: false, maybeForeign: false, generations: [1])
        let doubt = Belief(
            maybeOff: true, maybeForeign: false, generations: [1],
            doubts: [Belief.Doubt(effect: .off, since: ago(30))])
        let records = [
            record(on, made: ago(86_400), applied: ago(3600)),
            record(on, made: ago(91 * 86_400), applied: ago(3600)),
            record(Belief(maybeOff: true, maybeForeign: false, generations: []), made: ago(86_400), applied: ago(60)),
            record(doubt, made: ago(86_400), applied: ago(30)),
        ]
        let policy = Policy()
        var sum = 0
        for _ in 0..<rounds {
            for record in records {
                switch Planner.decide(record, policy: policy, now: now) {
                case .idle(let until, _), .hold(let until, _): sum &+= Int(until?.millisecondsSinceEpoch ?? 1)
                case .send(let request, _): sum &+= request.startsCycle ? 2 : 3
                case .observe: sum &+= 5
                }
            }
        }
        return sum
    }

    /// Classifies a success, a refusal that echoes the token, an answer that is not JSON, and an outage.
    private static func classifier(_ rounds: Int, _: String) throws -> Int {
        let token = "0123456789abcdef0123456789abcdef"
        let others = SecretIndex((0..<1000).map { "another-secret-\($0)" })
        let ends = [
            (200, #"{"status":100,"message":"Success"}"#),
            (200, #"{"status":133,"message":"\#(token) is not enabled for another-secret-77"}"#),
            (200, "<html><body>Maintenance</body></html>"), (503, #"{"status":"500"}"#),
        ].map { ExchangeEnd.answered(.init(status: $0.0, retryAfter: "120", body: .complete(Array($0.1.utf8)))) }
        var sum = 0
        for _ in 0..<rounds {
            for end in ends {
                let outcome = ResponseClassifier.classify(
                    end, of: .pickyAssist, now: now, secrets: [token], others: others)
                sum &+= (outcome.apiStatus ?? 1) &+ (outcome.message?.utf8.count ?? 0)
            }
        }
        return sum
    }

    /// Reads a desired state of a hundred numbers.
    private static func reader(_ rounds: Int, _: String) throws -> Int {
        var text = "version: 1\ndefaults:\n  rotate_every: 90d\nnumbers:\n"
        for index in 0..<100 {
            text += "  - number: \"+155501\(10_000 + index)\"\n    label: number-\(index)\n    token: token-\(index)\n"
            if index % 10 == 0 { text += "    rotation_window: \"Mon-Fri 09:00-17:00 UTC\"\n" }
        }
        let bytes = Array(text.utf8)
        var sum = 0
        for _ in 0..<rounds {
            guard let state = DesiredStateReader.read(bytes: bytes, file: "fleet.yaml").value else {
                preconditionFailure("a valid file")
            }
            sum &+= state.numbers.count
        }
        return sum
    }

    /// Performs two hundred days of `rounds` numbers: all the work of engine and store for them.
    private static func number(_ rounds: Int, _ folder: String) throws -> Int {
        guard rounds > 0 else { return 0 }
        let year = try FleetYear(at: StoreLocation(directory: folder), numbers: rounds, days: 200, seed: 1)
        try year.run { _ in }
        return year.figures.requests
    }
}
