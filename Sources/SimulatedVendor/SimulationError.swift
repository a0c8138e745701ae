/// What is wrong with a simulation's options.
public enum SimulationError: Error, Hashable, CustomStringConvertible {
    case semantics(String)
    case state(String)
    case token(String)
    case fault(String)
    case probability(String)
    case sumOfProbabilities(Double)
    case address(String)

    public var description: String {
        switch self {
        case .semantics(let text):
            "'\(text)' is no semantics: write replace, ignore or refuse, a comma, and accept or refuse, such as "
                + "replace,accept"
        case .state(let text): "'\(text)' is no state: write off, or foreign:123456 with six digits"
        case .token(let text): "'\(text)' is no token: write TOKEN, TOKEN=off or TOKEN=foreign:123456"
        case .fault(let text):
            "'\(text)' is no fault: one of " + Fault.allCases.map(\.rawValue).joined(separator: ", ")
        case .probability(let text): "'\(text)' is no probability: write a number from 0 to 1"
        case .sumOfProbabilities(let sum):
            "the probabilities of all faults add up to \(sum): one request meets one fault, so make it 1 at most"
        case .address(let text):
            "cannot listen: \(text); choose another port, or 0 for any free one"
        }
    }
}
