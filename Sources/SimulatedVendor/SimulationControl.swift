import Foundation
import NIOHTTP1
import Synchronization

/// The paths under `/_sim/`: looking into a running simulation and steering it, for scripts.
///
/// | request | does |
/// |---|---|
/// | `GET /_sim/truth` | the true state of every token |
/// | `GET /_sim/counters` | what was seen and done |
/// | `GET /_sim/requests` | the bodies that came in, as text |
/// | `PUT /_sim/faults` | `{"closeAfter":0.05}`: the probability of each fault, `{}` for none |
/// | `POST /_sim/script` | `["closeAfter",null]`: the faults of the next requests |
/// | `PUT /_sim/semantics` | `"replace,accept"` |
/// | `PUT /_sim/tokens` | `["TOKEN=foreign:123456"]`: tokens made known, or set |
/// | `POST /_sim/outage` | `{"seconds":5}`: refuses connections |
struct SimulationControl {
    let vendor: SimulatedVendor

    func answer(_ method: HTTPMethod, _ path: String, _ body: Data, on wire: Wire) {
        do {
            switch (method, path) {
            case (.GET, "/_sim/truth"): try send(truth, on: wire)
            case (.GET, "/_sim/counters"): try send(vendor.counters, on: wire)
            case (.GET, "/_sim/requests"):
                try send(vendor.requests.map { String(decoding: $0.body, as: UTF8.self) }, on: wire)
            case (.PUT, "/_sim/faults"):
                let wanted = try JSONDecoder().decode([String: Double].self, from: body)
                vendor.setFaults(try Self.faults(wanted))
                try send(true, on: wire)
            case (.POST, "/_sim/script"):
                let wanted = try JSONDecoder().decode([String?].self, from: body)
                vendor.script(try wanted.map { try $0.map { try Fault.parse($0).0 } })
                try send(true, on: wire)
            case (.PUT, "/_sim/semantics"):
                vendor.setSemantics(try VendorSemantics(parsing: try JSONDecoder().decode(String.self, from: body)))
                try send(true, on: wire)
            case (.PUT, "/_sim/tokens"):
                let wanted = try JSONDecoder().decode([String].self, from: body)
                for token in try wanted.map({ try SimulatedToken(parsing: $0) }) { vendor.set(token) }
                try send(true, on: wire)
            case (.POST, "/_sim/outage"):
                let seconds = try JSONDecoder().decode([String: Double].self, from: body)["seconds"] ?? 5
                wire.answer(.ok, "true", type: "application/json")
                vendor.outage(for: .milliseconds(Int64(min(max(seconds, 0), 86_400) * 1000)))
            default: wire.answer(.notFound, "no such path", type: "text/plain")
            }
        } catch {
            wire.answer(.badRequest, "\(error)", type: "text/plain")
        }
    }

    private struct Truth: Encodable {
        struct Token: Encodable {
            let token: String
            let state: VendorState
            let pending: Int

            enum CodingKeys: CodingKey { case token, state, pin, pending }

            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: CodingKeys.self)
                try container.encode(token, forKey: .token)
                try container.encode(state == .off ? "off" : "on", forKey: .state)
                // Null when off, never left out.
                try container.encode(state.pin, forKey: .pin)
                try container.encode(pending, forKey: .pending)
            }
        }

        let version = 1
        let tokens: [Token]

        enum CodingKeys: CodingKey { case version, tokens }
    }

    private var truth: Truth {
        vendor.state.withLock { state in
            let pending = state.model.pending
            return Truth(
                tokens: state.model.states.sorted { $0.key < $1.key }.map { token, value in
                    Truth.Token(token: token, state: value, pending: pending[token] ?? 0)
                })
        }
    }

    private func send(_ value: some Encodable, on wire: Wire) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        wire.answer(.ok, String(decoding: try encoder.encode(value), as: UTF8.self), type: "application/json")
    }

    private static func faults(_ wanted: [String: Double]) throws -> [Fault: Double] {
        var faults: [Fault: Double] = [:]
        for (name, probability) in wanted {
            guard let fault = Fault(rawValue: name) else { throw SimulationError.fault(name) }
            guard (0...1).contains(probability) else { throw SimulationError.probability("\(probability)") }
            faults[fault] = probability
        }
        guard FaultSource.areProbabilities(faults) else {
            throw SimulationError.sumOfProbabilities(faults.values.reduce(0, +))
        }
        return faults
    }
}
