import Planning
import SimulatedVendor

/// The fleet of the demonstration: 12 numbers, 2 of them disabled, one with an operator's PIN, one with a foreign one.
struct DemoFleet {
    struct Entry {
        let number: String
        let label: String
        let token: String
        let start: VendorState
        var isDisabled = false
        var operatorPIN: String?
    }

    let entries: [Entry] = (1...12).map { index in
        let number = "+155501000\(index < 10 ? "0" : "")\(index)"
        let name = ["support", "sales", "billing", "press", "orders", "returns", "events", "jobs", "legal", "partners"]
        let label = index <= 10 ? name[index - 1] : "lab-\(index - 10)"
        let token = "demo-token-\(index)"
        switch index {
        case 2: return Entry(number: number, label: label, token: token, start: .on(pin: "604182"))
        case 3: return Entry(number: number, label: label, token: token, start: .off, operatorPIN: "274916")
        case 11, 12:
            return Entry(number: number, label: label, token: token, start: .on(pin: "518203"), isDisabled: true)
        default: return Entry(number: number, label: label, token: token, start: .off)
        }
    }

    var tokens: [SimulatedToken] { entries.map { SimulatedToken(token: $0.token, state: $0.start) } }

    /// The desired-state file; `rotateEvery` is a period or `never`.
    func desiredState(endpoint: String, rotateEvery: String) -> String {
        var lines = [
            "version: 1", "defaults:", "  endpoint: \(endpoint)", "  rotate_every: \(rotateEvery)",
            "  reapply_every: 10s", "numbers:",
        ]
        for entry in entries {
            lines.append("  - number: \"\(entry.number)\"")
            lines.append("    label: \(entry.label)")
            lines.append("    token: \(entry.label)")
            if entry.isDisabled { lines.append("    verification: disabled") }
            if entry.operatorPIN != nil { lines.append("    pin: \(entry.label)-pin") }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The secrets file.
    var secrets: String {
        let tokens = entries.map { "  \($0.label): \($0.token)" }
        let pins = entries.compactMap { entry in entry.operatorPIN.map { "  \(entry.label)-pin: \"\($0)\"" } }
        return (["tokens:"] + tokens + ["pins:"] + pins).joined(separator: "\n") + "\n"
    }

    /// The daemon's settings, with times that suit half a minute.
    static let settings = """
        desired_state: desired-state.yaml
        state_directory: state
        runtime_directory: run
        secrets: secrets.yaml
        listen: "off"
        limits: { requests_per_minute: unlimited, writes_per_hour: unlimited, writes_per_hour_exposed: unlimited }
        timing: { request_timeout: 2s, settle_delay: 3s, backoff_min: 100ms, backoff_max: 1s, backoff_max_exposed: 500ms, shutdown_grace: 10s }

        """
}
