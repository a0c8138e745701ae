import Foundation
import Testing

@testable import SimulatedVendor

@Suite("The vendor without the network")
struct VendorModelTests {
    private let enable = VendorModel.Request.enable(token: "t", pin: "222222")
    private let disable = VendorModel.Request.disable(token: "t")

    private func model(_ semantics: VendorSemantics, _ state: VendorState) -> VendorModel {
        VendorModel(semantics: semantics, tokens: [SimulatedToken(token: "t", state: state)])
    }

    @Test(arguments: VendorSemantics.allCases)
    func `enable while off and disable while on work under each semantics`(_ semantics: VendorSemantics) {
        var off = model(semantics, .off)
        #expect(off.carryOut(enable) == .success)
        #expect(off.states == ["t": .on(pin: "222222")])
        guard semantics.canDisable else { return }
        var on = model(semantics, .on(pin: "111111"))
        #expect(on.carryOut(disable) == .success)
        #expect(on.states == ["t": .off])
        #expect(on.counters.applied == 1)
    }

    @Test(arguments: VendorSemantics.allCases)
    func `enable while on replaces, is ignored with a success, or is refused`(_ semantics: VendorSemantics) {
        var model = model(semantics, .on(pin: "111111"))
        let verdict = model.carryOut(enable)
        switch semantics.enableWhenOn {
        case .replace:
            #expect(verdict == .success)
            #expect(model.states == ["t": .on(pin: "222222")])
        case .ignore:
            #expect(verdict == .success)
            #expect(model.states == ["t": .on(pin: "111111")])
            #expect(model.counters.ignored == 1)
        case .refuse:
            #expect(verdict == .alreadyOn)
            #expect(model.states == ["t": .on(pin: "111111")])
            #expect(model.counters.refused == 1)
        }
    }

    @Test(arguments: VendorSemantics.allCases)
    func `disable while off is accepted or refused, and changes nothing`(_ semantics: VendorSemantics) {
        var model = model(semantics, .off)
        let verdict: VendorModel.Verdict =
            switch semantics.disableWhenOff {
            case .accept: .success
            case .refuse: .alreadyOff
            case .never: .cannotDisable
            }
        #expect(model.carryOut(disable) == verdict)
        #expect(model.states == ["t": .off])
        #expect(model.counters.applied == 0)
    }

    @Test func `a vendor that never disables refuses every disable, and changes nothing`() {
        for enable in VendorSemantics.EnableWhenOn.allCases {
            for state in [VendorState.off, .on(pin: "111111")] {
                var model = model(VendorSemantics(enableWhenOn: enable, disableWhenOff: .never), state)
                #expect(model.carryOut(disable) == .cannotDisable)
                #expect(model.states == ["t": state])
                #expect(model.counters.refused == 1)
                #expect(model.counters.applied == 0)
            }
        }
    }

    @Test func `there are nine semantics, and each is written as it is read`() throws {
        #expect(Set(VendorSemantics.allCases).count == 9)
        for semantics in VendorSemantics.allCases {
            #expect(try VendorSemantics(parsing: semantics.description) == semantics)
        }
    }

    @Test func `an unknown token is refused, or becomes known where that is wanted`() {
        var model = model(VendorSemantics(), .off)
        let stranger = VendorModel.Request.enable(token: "stranger", pin: "222222")
        #expect(model.carryOut(stranger) == .authenticationFailed)
        #expect(model.states.keys.sorted() == ["t"])
        model.registersUnknownTokens = true
        #expect(model.carryOut(stranger) == .success)
        #expect(model.states["stranger"] == .on(pin: "222222"))
    }

    @Test func `late requests land once, in the order in which they came`() {
        var model = model(VendorSemantics(), .off)
        let first = model.addLate(enable)
        let second = model.addLate(disable)
        let third = model.addLate(.enable(token: "t", pin: "333333"))
        #expect(model.pending == ["t": 3])
        #expect(model.states == ["t": .off])
        model.land(first)
        model.land(first)
        #expect(model.states == ["t": .on(pin: "222222")])
        model.land(second)
        model.land(third)
        #expect(model.states == ["t": .on(pin: "333333")])
        #expect(model.pending.isEmpty)
        #expect(model.counters.landedLate == 3)
    }

    @Test func `the most tokens that were off at once are counted`() {
        var model = VendorModel(
            semantics: VendorSemantics(),
            tokens: ["a", "b", "c"].map { SimulatedToken(token: $0, state: .on(pin: "111111")) })
        #expect(model.counters.mostOff == 0)
        for token in ["a", "b"] { _ = model.carryOut(.disable(token: token)) }
        _ = model.carryOut(.enable(token: "a", pin: "222222"))
        _ = model.carryOut(.disable(token: "c"))
        #expect(model.counters.mostOff == 2)
        _ = model.carryOut(.enable(token: "b", pin: "222222"))
        model.set(SimulatedToken(token: "c", state: .off))
        #expect(model.counters.mostOff == 2)
    }

    @Test func `a request is read strictly as documented`() {
        func read(_ text: String) -> VendorModel.Request? { VendorModel.Request(body: Data(text.utf8)) }
        #expect(read(#"{"token":"t","action":0,"pin":"222222"}"#) == enable)
        #expect(read(#"{"token":"t","action":1}"#) == disable)
        let others = [
            "", "{}", "[]", "null", #"{"token":"t"}"#, #"{"action":1}"#, #"{"token":"t","action":2}"#,
            #"{"token":"t","action":0}"#, #"{"token":"t","action":"1"}"#, #"{"token":"t","action":true}"#,
            #"{"token":"t","action":0,"pin":222222}"#, #"{"token":"t","action":0,"pin":"22222"}"#,
            #"{"token":"t","action":0,"pin":"2222222"}"#, #"{"token":"t","action":0,"pin":"22222a"}"#,
            #"{"token":5,"action":1}"#, #"{"token":"t","action":1,"pin":"222222"}"#, "token=t&action=1",
            String(repeating: "[", count: 100_000),
        ]
        for text in others { #expect(read(text) == nil, "\(text.prefix(80))") }
    }
}
