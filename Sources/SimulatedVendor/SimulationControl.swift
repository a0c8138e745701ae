import Foundation
import NIOHTTP1
import Synchronization

/// The paths under `/_sim/`, with which scripts read and control a running simulation.
///
/// | request | effect |
/// |---|---|
/// | `GET /_sim/truth` | the true state of every number |
/// | `GET /_sim/counters` | the counts of requests, by kind |
/// | `GET /_sim/requests` | the bodies received, as text |
/// | `GET /_sim/looks` | the paths of the observations received |
/// | `PUT /_sim/faults` | `{"closeAfter":0.05}`: the probability of each fault, `{}` for none |
/// | `PUT /_sim/look-faults` | the same for observations alone |
/// | `POST /_sim/script` | `["closeAfter",null]`: the faults of the next requests |
/// | `POST /_sim/look-script` | the same for the next observations |
/// | `PUT /_sim/semantics` | `"replace,accept"` |
/// | `PUT /_sim/tokens` | `["TOKEN=foreign:123456"]`: Picky Assist tokens to register or set |
/// | `PUT /_sim/numbers` | `["ID=TOKEN=foreign:123456"]`: numbers of WhatsApp's API to register or set |
/// | `POST /_sim/stranger` | `{"name":"TOKEN or ID","state":"off"}` or `"foreign:123456"`: a stranger's change |
/// | `PUT /_sim/frozen-looks` | `true`: observations keep showing the present states; `false` ends that |
/// | `PUT /_sim/blocked` | `["TOKEN","ID"]`: exactly these numbers have had too many attempts |
/// | `PUT /_sim/app-limit` | `4` or `130429`: the error that each request to WhatsApp's API meets, `null` for none |
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
            case (.GET, "/_sim/looks"): try send(vendor.looks.map(\.uri), on: wire)
            case (.PUT, "/_sim/faults"):
                vendor.setFaults(try Self.faults(body))
                try send(true, on: wire)
            case (.PUT, "/_sim/look-faults"):
                vendor.setLookFaults(try Self.faults(body))
                try send(true, on: wire)
            case (.POST, "/_sim/script"):
                vendor.script(try Self.script(body))
                try send(true, on: wire)
            case (.POST, "/_sim/look-script"):
                vendor.scriptLooks(try Self.script(body))
                try send(true, on: wire)
            case (.PUT, "/_sim/semantics"):
                vendor.setSemantics(try VendorSemantics(parsing: try JSONDecoder().decode(String.self, from: body)))
                try send(true, on: wire)
            case (.PUT, "/_sim/tokens"):
                let wanted = try JSONDecoder().decode([String].self, from: body)
                for token in try wanted.map({ try SimulatedToken(parsing: $0) }) { vendor.set(token) }
                try send(true, on: wire)
            case (.PUT, "/_sim/numbers"):
                let wanted = try JSONDecoder().decode([String].self, from: body)
                try vendor.set(try wanted.map { try SimulatedNumber(parsing: $0) })
                try send(true, on: wire)
            case (.POST, "/_sim/stranger"):
                let wanted = try JSONDecoder().decode(Stranger.self, from: body)
                try vendor.stranger(sets: wanted.name, to: try VendorState(parsing: wanted.state))
                try send(true, on: wire)
            case (.PUT, "/_sim/frozen-looks"):
                vendor.freezeLooks(try JSONDecoder().decode(Bool.self, from: body))
                try send(true, on: wire)
            case (.PUT, "/_sim/blocked"):
                try vendor.block(try JSONDecoder().decode([String].self, from: body))
                try send(true, on: wire)
            case (.PUT, "/_sim/app-limit"):
                vendor.setAppLimit(try Self.appLimit(body))
                try send(true, on: wire)
            case (.POST, "/_sim/outage"):
                let seconds = try JSONDecoder().decode([String: Double].self, from: body)["seconds"] ?? 5
                wire.answer(.json(.ok, "true"))
                vendor.outage(for: .milliseconds(Int64(min(max(seconds, 0), 86_400) * 1000)))
            default: wire.answer(.text(.notFound, "no such path"))
            }
        } catch {
            wire.answer(.text(.badRequest, "\(error)"))
        }
    }

    private struct Stranger: Decodable {
        let name: String
        let state: String
    }

    private struct Truth: Encodable {
        struct Number: Encodable {
            /// The name of the key: `token` for Picky Assist's, `id` for WhatsApp's own.
            let name: CodingKeys
            let key: String
            let state: VendorState
            let pending: Int

            enum CodingKeys: CodingKey { case token, id, state, pin, pending }

            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: CodingKeys.self)
                try container.encode(key, forKey: name)
                try container.encode(state == .off ? "off" : "on", forKey: .state)
                // Null when off, never left out.
                try container.encode(state.pin, forKey: .pin)
                try container.encode(pending, forKey: .pending)
            }
        }

        let version = 1
        let tokens: [Number]
        let numbers: [Number]

        enum CodingKeys: CodingKey { case version, tokens, numbers }
    }

    private var truth: Truth {
        let model = vendor.state.withLock { $0.model }
        let pending = model.pending
        let all = model.states.sorted { $0.key < $1.key }.map { key, state in
            Truth.Number(name: model.isID(key) ? .id : .token, key: key, state: state, pending: pending[key] ?? 0)
        }
        return Truth(tokens: all.filter { $0.name == .token }, numbers: all.filter { $0.name == .id })
    }

    private func send(_ value: some Encodable, on wire: Wire) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        wire.answer(.json(.ok, String(decoding: try encoder.encode(value), as: UTF8.self)))
    }

    private static func faults(_ body: Data) throws -> [Fault: Double] {
        var faults: [Fault: Double] = [:]
        for (name, probability) in try JSONDecoder().decode([String: Double].self, from: body) {
            guard let fault = Fault(rawValue: name) else { throw SimulationError.fault(name) }
            guard (0...1).contains(probability) else { throw SimulationError.probability("\(probability)") }
            faults[fault] = probability
        }
        guard FaultSource.areProbabilities(faults) else {
            throw SimulationError.sumOfProbabilities(faults.values.reduce(0, +))
        }
        return faults
    }

    private static func script(_ body: Data) throws -> [Fault?] {
        try JSONDecoder().decode([String?].self, from: body).map { try $0.map { try Fault.parse($0).0 } }
    }

    private static func appLimit(_ body: Data) throws -> VendorModel.AppLimit? {
        guard let code = try JSONDecoder().decode(Int?.self, from: body) else { return nil }
        guard let limit = VendorModel.AppLimit(rawValue: code) else { throw SimulationError.limit(code) }
        return limit
    }
}
