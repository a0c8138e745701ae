import Planning
import SimulatedVendor

/// The fleet of the demonstration: 12 numbers, 2 of them on WhatsApp's API, 2 more that this API can observe, 2
/// disabled, one with an operator's PIN, 2 with a foreign PIN.
struct DemoFleet {
    struct Entry {
        let number: String
        let label: String
        let token: String
        let start: VendorState
        /// The number's id at WhatsApp's API; nil for a number of Picky Assist.
        var phoneNumberID: String?
        /// The id by which a number of Picky Assist is observed at WhatsApp's API; nil when it is not observed.
        var observedAs: String?
        var isDisabled = false
        var operatorPIN: String?

        /// The key of the number in the simulation's truth.
        var key: String { phoneNumberID ?? token }
        /// The token's name in the secrets: that of WhatsApp's API is shared.
        var tokenName: String { phoneNumberID == nil ? label : "whatsapp" }
        var vendor: String { phoneNumberID == nil ? "picky-assist" : "whatsapp" }
    }

    private static let whatsappToken = "demo-token-whatsapp"

    /// The number that a stranger disables, and the one whose PIN a stranger changes.
    var disabledByStranger: Entry { entries[4] }
    var changedByStranger: Entry { entries[7] }

    let entries: [Entry] = (1...12).map { index in
        let number = "+155501000\(index < 10 ? "0" : "")\(index)"
        let name = ["support", "sales", "billing", "press", "orders", "returns", "events", "jobs", "legal", "partners"]
        let label = index <= 10 ? name[index - 1] : "lab-\(index - 10)"
        let token = "demo-token-\(index)"
        switch index {
        case 2: return Entry(number: number, label: label, token: token, start: .on(pin: "604182"))
        case 3: return Entry(number: number, label: label, token: token, start: .off, operatorPIN: "274916")
        case 5, 6:
            return Entry(
                number: number, label: label, token: token, start: .off, observedAs: "10654035224290\(index)")
        case 8, 9:
            return Entry(
                number: number, label: label, token: Self.whatsappToken,
                start: index == 8 ? .off : .on(pin: "730295"), phoneNumberID: "10654035224290\(index)")
        case 11, 12:
            return Entry(number: number, label: label, token: token, start: .on(pin: "518203"), isDisabled: true)
        default: return Entry(number: number, label: label, token: token, start: .off)
        }
    }

    /// The numbers of Picky Assist at the start of the simulation.
    var tokens: [SimulatedToken] {
        entries.filter { $0.phoneNumberID == nil }.map { SimulatedToken(token: $0.token, state: $0.start) }
    }

    /// The numbers of WhatsApp's API at the start of the simulation.
    var numbers: [SimulatedNumber] {
        entries.compactMap { entry in
            if let id = entry.phoneNumberID {
                return SimulatedNumber(id: id, number: entry.number, token: entry.token, state: entry.start)
            }
            return entry.observedAs.map { id in
                SimulatedNumber(id: id, number: entry.number, token: Self.whatsappToken, of: entry.token)
            }
        }
    }

    /// Returns the desired-state file; `rotateEvery` is a period or `never`.
    func desiredState(of vendor: SimulatedVendor, rotateEvery: String) -> String {
        var lines = [
            "version: 1", "defaults:", "  endpoint: \(vendor.url)", "  rotate_every: \(rotateEvery)",
            "  reapply_every: 10s", "  observe_every: 2s", "numbers:",
        ]
        for entry in entries {
            lines.append("  - number: \"\(entry.number)\"")
            lines.append("    label: \(entry.label)")
            lines.append("    token: \(entry.tokenName)")
            if let id = entry.phoneNumberID {
                lines.append("    vendor: \(entry.vendor)")
                lines.append("    phone_number_id: \"\(id)\"")
                lines.append("    endpoint: \(vendor.whatsappURL)")
            }
            if let id = entry.observedAs {
                lines.append("    phone_number_id: \"\(id)\"")
                lines.append("    observer: whatsapp")
                lines.append("    observer_endpoint: \(vendor.whatsappURL)")
            }
            if entry.isDisabled { lines.append("    verification: disabled") }
            if entry.operatorPIN != nil { lines.append("    pin: \(entry.label)-pin") }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The secrets file.
    var secrets: String {
        let tokens = Set(entries.map { "  \($0.tokenName): \($0.token)" }).sorted()
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
