import Planning

/// The operator's possible actions during an exploration: the entries that the number can have in the file.
struct Scenario: Sendable, CustomStringConvertible {
    /// The value of the operator-owned PIN, if an entry names one.
    enum OperatorValue: Int, Hashable, Sendable {
        case unavailable
        case first
        case second
    }

    let name: String
    /// The entries that the file can hold, in any order and any number of times; nil is no entry.
    let entries: [DesiredNumber?]
    /// True when the file may require, at any time, the rotation of every PIN created so far.
    let usesRotateBefore: Bool
    /// The values that the operator-owned PIN can have; empty when no entry names one.
    var operatorValues: [OperatorValue] = []
    /// True when the number can be observed. Observations lag by at most the settle delay.
    var isObserved = false
    /// True when others change the number too, and report that at times. Then only whether it is enabled can be known,
    /// and not with which PIN.
    var hasStrangers = false
    /// True when entries name an operator's PIN. A PIN from before us is then the first value, as the operator vouches.
    var isVouchedFor: Bool { !operatorValues.isEmpty }

    var description: String { name }

    static let now = Instant(millisecondsSinceEpoch: 1_767_225_600_000)
    static let number = PhoneNumber("+15550100001").unsafelyUnwrapped
    static let firstOperatorPIN = PIN(digits: "739104").unsafelyUnwrapped
    static let secondOperatorPIN = PIN(digits: "285016").unsafelyUnwrapped
    static let reapplyEvery: Duration = .seconds(86_400)
    static let rotateEvery: Duration = .seconds(30 * 86_400)

    /// A policy without limits: they only delay, and the exploration lets any time pass anywhere.
    static let policy: Policy = {
        var policy = Policy()
        policy.writesPerHour = nil
        policy.writesPerHourExposed = nil
        return policy
    }()

    static func entry(
        _ verification: Verification, _ method: RotationMethod, operatorPINName: String? = nil
    ) -> DesiredNumber {
        DesiredNumber(
            number: number, tokenName: "t", verification: verification, rotateEvery: rotateEvery,
            reapplyEvery: reapplyEvery, rotationMethod: method, operatorPINName: operatorPINName
        )
    }

    /// Enabled, disabled and absent from the file, with one rotation method.
    static func generated(_ method: RotationMethod) -> Scenario {
        Scenario(
            name: method.rawValue, entries: [entry(.enabled, method), entry(.disabled, method), nil],
            usesRotateBefore: false
        )
    }

    /// Always enabled.
    static func enabled(_ method: RotationMethod) -> Scenario {
        Scenario(
            name: "\(method.rawValue), always enabled", entries: [entry(.enabled, method)], usesRotateBefore: false)
    }

    /// Enabled and disabled, with `rotate_before` set to the present at any time.
    static func forced(_ method: RotationMethod) -> Scenario {
        Scenario(
            name: "\(method.rawValue), rotate_before", entries: [entry(.enabled, method), entry(.disabled, method)],
            usesRotateBefore: true
        )
    }

    /// An entry that names an operator's PIN, whose value alternates between two.
    static func operatorValueChanges(_ method: RotationMethod) -> Scenario {
        Scenario(
            name: "\(method.rawValue), operator's PIN changes",
            entries: [entry(.enabled, method, operatorPINName: "p")],
            usesRotateBefore: false, operatorValues: [.first, .second]
        )
    }

    /// Two entries, with an operator's PIN that cannot be read at times and with generated PINs.
    static func operatorValueVanishes(_ method: RotationMethod) -> Scenario {
        Scenario(
            name: "\(method.rawValue), operator's PIN comes and goes",
            entries: [entry(.enabled, method, operatorPINName: "p"), entry(.enabled, method)],
            usesRotateBefore: false, operatorValues: [.first, .unavailable]
        )
    }

    /// The vendor that names numbers by their ID, with two IDs that replace each other at any time.
    static let whatsapp = Scenario(
        name: "whatsapp",
        entries: ["106540352242922", "106540352242923"].map { id in
            DesiredNumber(
                number: number, tokenName: "t", vendor: .whatsapp, endpoint: Vendor.whatsapp.capabilities.endpoint,
                phoneNumberID: PhoneNumberID(id), rotateEvery: rotateEvery, reapplyEvery: reapplyEvery,
                rotationMethod: .replace)
        } + [nil],
        usesRotateBefore: false
    )

    /// Two token values that alternate, each of which may be another number's, and disabled.
    static func identities(_ method: RotationMethod) -> Scenario {
        let entries = ["a", "b"].map { mark -> DesiredNumber? in
            var entry = entry(.enabled, method)
            entry.tokenMark = mark
            return entry
        }
        return Scenario(
            name: "\(method.rawValue), tokens swapped", entries: entries + [entry(.disabled, method)],
            usesRotateBefore: false)
    }

    /// Returns the same entries for a number that can be observed.
    static func observed(_ scenario: Scenario, strangers: Bool = false) -> Scenario {
        let entries = scenario.entries.map { entry -> DesiredNumber? in
            guard var entry else { return nil }
            entry.phoneNumberID = entry.phoneNumberID ?? PhoneNumberID("106540352242922")
            entry.observer = Observer(tokenName: "o", endpoint: Vendor.whatsapp.capabilities.endpoint)
            return entry
        }
        return Scenario(
            name: "\(scenario.name), observed\(strangers ? ", strangers" : "")",
            entries: strangers ? entries.filter { $0 != nil } : entries, usesRotateBefore: false, isObserved: true,
            hasStrangers: strangers)
    }

    /// Rotation methods that are edited at any time.
    static let mixed = Scenario(
        name: "reset and replace in turn",
        entries: [entry(.enabled, .reset), entry(.enabled, .replace), entry(.disabled, .reset)],
        usesRotateBefore: false
    )

    static func pin(_ value: OperatorValue) -> PIN? {
        switch value {
        case .unavailable: nil
        case .first: firstOperatorPIN
        case .second: secondOperatorPIN
        }
    }
}
