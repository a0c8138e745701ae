import Dice
import Planning

/// The desired-state file and the operator's PINs, as an operator edits them.
struct FleetFile {
    /// The entries of the file while it is valid.
    private(set) var entries: [DesiredNumber] = []
    /// The values of operator-owned PINs by name.
    private(set) var operatorPINs: [String: PIN] = [:]
    /// SHA-256 of the content that the operator accepted, because it weakens the fleet or the store is new.
    var accepted: String?
    /// True when the file can be read and is valid.
    var isValid = true

    private let shortest: Milliseconds
    /// Numbers that can be observed, and the period of observation.
    private var observed: (numbers: Set<PhoneNumber>, every: Duration) = ([], .zero)
    private let numbers: [PhoneNumber]

    init(_ scenario: Scenario, truths: [Truth], using random: inout SplitMix64) {
        shortest = scenario.duration / 40
        numbers = scenario.numbers
        for index in 0..<random.int(1...Scenario.fleetSize) {
            entries.append(entry(index, scenario, truth: truths[index], using: &random))
        }
    }

    /// Makes these numbers observable.
    mutating func observe(_ numbers: Set<PhoneNumber>, every: Duration) {
        observed = (numbers, every)
        for index in entries.indices { observe(&entries[index]) }
    }

    private func observe(_ entry: inout DesiredNumber) {
        guard observed.numbers.contains(entry.number) else { return }
        entry.phoneNumberID = entry.phoneNumberID ?? PhoneNumberID("2065403522\(entry.number.description.suffix(5))")
        entry.observer = Observer(tokenName: "observer", endpoint: Vendor.whatsapp.capabilities.endpoint)
        entry.observeEvery = observed.every
    }

    /// The state as the reader passes it on.
    var state: DesiredState {
        DesiredState(numbers: entries, sha256: fingerprint, source: "/etc/twostepd/desired-state.yaml")
    }

    /// Makes one edit that leaves the file valid, and returns its description for the trace.
    mutating func edit(
        _ scenario: Scenario, accounts: [PhoneNumber: VendorAccount], now: Instant, using random: inout SplitMix64
    ) -> String {
        let absent = numbers.indices.filter { index in !entries.contains { $0.number == numbers[index] } }
        let choice = random.int(0...11)
        if choice == 0 || entries.isEmpty, let index = absent.randomElement(using: &random) {
            let truth = accounts[numbers[index]]?.truth ?? .off
            var added = entry(index, scenario, truth: truth, using: &random)
            // No one knows the PIN of a number that was never contacted: it is at another endpoint than the one that
            // was.
            let isMet = accounts[numbers[index]]?.identity.map { $0 == NumberRecord.Identity(of: added).naming } ?? true
            if !isMet, added.rotationMethod != .replace { added.operatorPINName = nil }
            entries.insert(added, at: random.int(0...entries.count))
            return "add \(added.number)"
        }
        guard let position = entries.indices.randomElement(using: &random) else { return "nothing" }
        if choice == 1, entries.count > 1 { return "remove \(entries.remove(at: position).number)" }
        let number = entries[position].number
        guard let account = accounts[number] else { preconditionFailure("every number has an account") }
        return "\(number): " + change(position, choice, account, now: now, using: &random)
    }

    private mutating func change(
        _ position: Int, _ choice: Int, _ account: VendorAccount, now: Instant, using random: inout SplitMix64
    ) -> String {
        // No one vouches for the PIN of a number that was never contacted.
        let isVouchedFor = entries[position].operatorPINName != nil
        let isWhatsApp = entries[position].vendor == .whatsapp
        switch choice {
        case 0...4 where isWhatsApp, 7 where isWhatsApp:
            guard !isVouchedFor, random.chance(0.2) else { return "nothing" }
            entries[position].phoneNumberID = Self.id(random.int(0...9))
            return "phone_number_id"
        case 7 where isVouchedFor, 9 where isWhatsApp: return "nothing"
        case 0...4:
            let isEnabled = entries[position].verification == .enabled
            entries[position].verification = isEnabled ? .disabled : .enabled
            return entries[position].verification.rawValue
        case 5:
            entries[position].rotateEvery = period(using: &random)
            entries[position].reapplyEvery = period(using: &random)
            return "periods"
        case 6:
            entries[position].rotateBefore = now.advanced(by: .milliseconds(random.span(.minute...3 * .day)))
            return "rotate_before"
        case 7:
            entries[position].endpoint = entries[position].endpoint == .v4 ? .legacy : .v4
            return "endpoint"
        case 8:
            entries[position].rotationWindow = window(using: &random)
            return "window"
        case 9:
            let mayReplace = account.semantics.enableWhenOn == .replace
            entries[position].rotationMethod =
                mayReplace && entries[position].rotationMethod == .reset ? .replace : .reset
            return entries[position].rotationMethod.rawValue
        case 10:
            if !isVouchedFor, random.chance(0.5) {
                // Back and forth, as when two tokens were swapped.
                entries[position].tokenMark = random.pick(["first", "second", "third"])
                return "token's value"
            }
            entries[position].tokenName += entries[position].tokenName.count < 12 ? "x" : ""
            return "token"
        default:
            return changeOperatorPIN(position, account, using: &random)
        }
    }

    /// Changes the operator's PIN. The operator's assurance must be true: an operator who names a PIN for a number with
    /// a foreign one means that one, unless the vendor replaces PINs anyway.
    private mutating func changeOperatorPIN(
        _ position: Int, _ account: VendorAccount, using random: inout SplitMix64
    ) -> String {
        if let name = entries[position].operatorPINName {
            if random.chance(0.3) {
                entries[position].operatorPINName = nil
                return "PIN is ours again"
            }
            if case .foreign = account.truth, account.semantics.enableWhenOn != .replace { return "nothing" }
            operatorPINs[name] = Scenario.pin(using: &random)
            return "new value of \(name)"
        }
        // No one knows the PIN of a number that was named a moment ago and never contacted.
        let named = NumberRecord.Identity(of: entries[position]).naming
        guard account.identity.map({ $0 == named }) ?? true else { return "nothing" }
        let name = "pin-\(entries[position].number)"
        entries[position].operatorPINName = name
        operatorPINs[name] = Self.vouched(account.truth, using: &random)
        return "PIN is \(name)"
    }

    private static func vouched(_ truth: Truth, using random: inout SplitMix64) -> PIN {
        if case .foreign(let pin) = truth { return pin }
        return Scenario.pin(using: &random)
    }

    private mutating func entry(
        _ index: Int, _ scenario: Scenario, truth: Truth, using random: inout SplitMix64
    ) -> DesiredNumber {
        var entry = DesiredNumber(number: numbers[index], tokenName: "token-\(index)")
        entry.tokenMark = "first"
        entry.endpoint = random.chance(0.5) ? .v4 : .legacy
        entry.verification = random.chance(0.8) ? .enabled : .disabled
        entry.rotateEvery = period(using: &random)
        entry.reapplyEvery = period(using: &random)
        if scenario.accounts[index].vendor == .whatsapp {
            entry.vendor = .whatsapp
            entry.endpoint = entry.vendor.capabilities.endpoint
            entry.phoneNumberID = Self.id(index)
            entry.tokenName = "whatsapp"
            entry.verification = .enabled
            entry.rotationMethod = .replace
        } else if scenario.accounts[index].semantics.enableWhenOn == .replace, random.chance(0.5) {
            entry.rotationMethod = .replace
        }
        entry.rotationWindow = window(using: &random)
        if random.chance(0.2) {
            let name = "pin-\(entry.number)"
            entry.operatorPINName = name
            operatorPINs[name] = Self.vouched(truth, using: &random)
        }
        observe(&entry)
        return entry
    }

    private static func id(_ index: Int) -> PhoneNumberID? { PhoneNumberID("10654035224292\(index)") }

    private func period(using random: inout SplitMix64) -> Duration? {
        if random.chance(0.1) { return nil }
        let longest = random.chance(0.2) ? 90 * .day : 20 * shortest
        return .milliseconds(random.span(max(10 * .minute, shortest)...longest))
    }

    private func window(using random: inout SplitMix64) -> RotationWindow? {
        guard random.chance(0.25) else { return nil }
        do {
            return try RotationWindow(parsing: random.pick(Scenario.windows))
        } catch {
            preconditionFailure("a window of the simulation is well formed: \(error)")
        }
    }

    private var fingerprint: String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in "\(entries.map { "\($0)" })".utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 64 - digits.utf8.count) + digits
    }
}
