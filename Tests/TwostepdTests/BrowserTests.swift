import Foundation
import SimulatedVendor
import Testing

@Suite("The page in a real browser, the real binary", .inTurn)
struct BrowserTests {
    /// A daemon that listens, and a browser that shows its pages.
    private struct Scene {
        let rig: Rig
        let base: String
        let daemon: Child
        let browser: Browser

        /// Ends all; `code` is 1 when the daemon has to leave a number exposed.
        func end(code: Int32 = 0) async throws {
            #expect(browser.complaints.isEmpty, "\(browser.complaints)")
            try await browser.close()
            #expect(await rig.stop(daemon) == code)
            try await rig.end()
        }
    }

    private static let calmTiming =
        "{ request_timeout: 2s, settle_delay: 1500ms, backoff_min: 30s, backoff_max: 1h, backoff_max_exposed: 30s, "
        + "shutdown_grace: 1s }"

    private func scene(_ rig: Rig) async throws -> Scene {
        let port = try FreePort.find()
        let text = try String(contentsOf: rig.config, encoding: .utf8)
            .replacingOccurrences(of: "listen: \"off\"", with: "listen: 127.0.0.1:\(port)")
        try rig.write(text, to: rig.config)
        async let browser = Browser()
        let daemon = try await rig.startDaemon()
        return Scene(rig: rig, base: "http://127.0.0.1:\(port)", daemon: daemon, browser: try await browser)
    }

    /// Audits the open page in light, dark and on a phone. Keeps screenshots on request.
    private func inspect(_ scene: Scene, _ name: String) async throws {
        for view in Browser.View.all {
            try await scene.browser.look(view)
            let wrong = try await scene.browser.evaluate(PageAudit.script, as: [String].self)
            #expect(wrong.isEmpty, "\(name), \(view): \(wrong.prefix(10))")
            try await Screenshots.keep("\(name)-\(view)", view) {
                try await scene.browser.screenshot(
                    view, height: view.isPhone ? 1400 : name == "fleet-2000" ? 800 : 1300)
            }
        }
        try await scene.browser.look(.light)
    }

    @Test func `an empty fleet says so, in light, in dark and on a phone`() async throws {
        let rig = try await Rig([])
        try rig.write("tokens: {}\n", to: rig.folder.appendingPathComponent("secrets.yaml"))
        try rig.write("version: 1\nnumbers: []\n", to: rig.desiredState)
        let scene = try await scene(rig)
        try await scene.browser.open(scene.base + "/")
        try await scene.browser.wait(for: "document.querySelector('.empty')?.textContent.includes('No numbers yet')")
        try await inspect(scene, "fleet-0")

        // The checks used everywhere detect planted errors.
        let browser = scene.browser
        let spoil = "document.body.append(Object.assign(document.createElement('script'), { textContent: '1' })); "
        _ = try await browser.evaluate(spoil + "console.error('mind'); setTimeout(() => nobody()); true", as: Bool.self)
        try await browser.wait("three complaints came") { browser.complaints.count >= 3 }
        for word in ["Content Security Policy", "mind", "nobody is not defined"] {
            #expect(browser.complaints.contains { $0.contains(word) }, "\(word) in \(browser.complaints)")
        }
        browser.forgetComplaints()
        let worsen =
            "document.querySelector('main').innerHTML = '<h1>a</h1><h1>b</h1><h3>c</h3><input><button></button>"
            + "<table><tr><td>d</td></tr></table><svg></svg><p id=wide>e</p>'; const wide = document.getElementById('wide');"
            + "wide.style.width = '9000px'; wide.style.color = '#ccc';"
        let wrong = try await browser.evaluate(worsen + PageAudit.script, as: [String].self)
        for word in ["sideways", "one h1", "order", "no label", "no name", "column heads", "no words", "contrast"] {
            #expect(wrong.contains { $0.hasPrefix(word) || $0.contains(word) }, "\(word) in \(wrong)")
        }
        try await scene.end()
    }

    @Test func `a fleet of twelve in all conditions, a held and a broken file: every page is sound in every view`()
        async throws
    {
        let rig = try await Rig(Self.variedFleet, timing: Self.calmTiming)
        rig.vendor.script(Array(repeating: .refuseEnable, count: 50), token: rig.entries[4].token)
        rig.vendor.script(Array(repeating: .authRefused, count: 50), token: rig.entries[8].token)
        let scene = try await scene(rig)
        #expect(try await rig.run("pause", "support-br", "--reason", "vendor maintenance").code == 0)
        try await rig.wait("ten are as desired, one is exposed, one is refused") {
            let conditions = try await rig.status().values.compactMap { $0["condition"] as? String }
            return conditions.count { $0 == "exposed" } == 1 && conditions.count { $0 == "converged" } >= 9
        }
        // Disabling three more is above a fifth of the fleet, so the state is held.
        try rig.writeDesiredState {
            if ["sales-us", "sales-eu", "sales-in"].contains($0.label) { $0.isDisabled = true }
        }
        try await rig.wait("the log says that it is held") { rig.logText.contains("it would disable") }
        // As if an observer had observed a number, and had found that others turned it off.
        let now = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
        _ = try await Shell.run(
            "sqlite3",
            [
                "-cmd", ".timeout 5000", rig.store.path,
                "UPDATE numbers SET observed = 'off', observed_at = \(now), observed_by = 'observer', "
                    + "maybe_off = 1, observer_failure = 'no answer in time', drift = 'turned_off', drift_at = \(now) "
                    + "WHERE label = 'support-us'",
            ])
        let browser = scene.browser
        try await browser.open(scene.base + "/")
        try await browser.wait(for: "document.querySelector('.notices')?.textContent.includes('held')")
        #expect(
            try await browser.evaluate(
                "document.querySelector('#fleet td[data-name=Seen]:not(.none)').textContent", as: String.self
            ).hasPrefix("off "))
        #expect(
            try await browser.evaluate(
                "[document.querySelectorAll('#fleet tbody tr').length, document.querySelector('.tile.exposed strong')"
                    + ".textContent, document.title.startsWith('1 exposed')].join()", as: String.self) == "12,1,true")
        try await inspect(scene, "fleet-12")
        for (label, picture) in [(rig.entries[4].label, "number-exposed"), ("support-us", "number")] {
            try await browser.open(scene.base + "/numbers/" + label)
            try await browser.wait(for: "document.querySelector('h1').textContent.includes('\(label)')")
            try await inspect(scene, picture)
            let hasDrift = try await browser.evaluate("!!document.querySelector('dd .badge.drift')", as: Bool.self)
            #expect(hasDrift == (label == "support-us"))
        }
        try rig.write("version: 1\nnumbers: [<b>\n", to: rig.desiredState)
        try await rig.wait("the log says that it is not valid") { rig.logText.contains("not valid") }
        try await browser.open(scene.base + "/")
        try await browser.wait(for: "document.querySelector('.notices')?.textContent.includes('not valid')")
        try await inspect(scene, "fleet-12-not-valid")
        try await scene.end(code: 1)
    }

    @Test func `two thousand numbers are shown, sorted and filtered`() async throws {
        let rig = try await Rig(
            Rig.fleet(2000), timing: Self.calmTiming.replacing("shutdown_grace: 1s", with: "shutdown_grace: 20s"))
        let scene = try await scene(rig)
        try await rig.wait("all are known, and some taken over") {
            let numbers = try await rig.status().values
            return numbers.count == 2000 && numbers.count { $0["condition"] as? String == "converged" } >= 20
        }
        #expect(try await rig.run("pause", "--reason", "first look").code == 0)
        let browser = scene.browser
        try await browser.open(scene.base + "/")
        #expect(
            try await browser.evaluate("document.getElementById('fleet').tBodies[0].rows.length", as: Int.self) == 2000)
        try await inspect(scene, "fleet-2000")
        try await browser.tab(to: "#filter")
        try await browser.type("n199 ")
        try await browser.wait(for: "document.getElementById('shown').textContent.startsWith('11 of 2000')")
        try await browser.tab(to: "#fleet thead th:nth-child(2) button")
        try await browser.press(.enter)
        try await browser.press(.enter)
        try await browser.wait(for: "\(Self.shownLabels)[0] === 'n1999'")
        try await browser.look(.phone)
        let seen =
            "Array.from(document.querySelectorAll('#fleet tbody tr')).filter((row) => row.offsetHeight > 0).length"
        #expect(try await browser.evaluate(seen, as: Int.self) == 11)
        try await scene.end()
    }

    /// Has the page refresh now, as it does when a person returns to it.
    private func renewNow(_ browser: Browser) async throws {
        _ = try await browser.evaluate("document.dispatchEvent(new Event('visibilitychange'))", as: Bool.self)
    }

    /// The labels of the visible rows, from the top.
    private static let shownLabels =
        "Array.from(document.querySelectorAll('#fleet tbody tr:not([hidden]) td:nth-child(2)'), (c) => c.textContent)"

    @Test func `the keyboard alone filters, sorts and opens; the page renews itself and keeps focus, filter and order`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(4))
        let scene = try await scene(rig)
        let browser = scene.browser
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        try await browser.look(.light)
        try await browser.open(scene.base + "/")
        _ = try await browser.evaluate("window.sameDocument = true", as: Bool.self)

        try await browser.press(.tab)
        #expect(try await browser.hasFocus("a.skip"))
        #expect(try await browser.evaluate("document.activeElement.getBoundingClientRect().left >= 0", as: Bool.self))
        try await browser.press(.enter)
        try await browser.wait(for: "location.hash === '#content'")
        try await browser.tab(to: "#filter", most: 1)
        try await browser.type("n3")
        try await browser.wait(for: "\(Self.shownLabels).join() === 'n3'")
        #expect(try await browser.evaluate("document.getElementById('shown').textContent", as: String.self) == "1 of 4")

        // The page refreshes while the filter has the focus.
        #expect(try await rig.run("pause", "n3", "--reason", "ticket 4711").code == 0)
        try await browser.wait(for: "document.querySelector('#fleet tbody .badge.paused')")
        #expect(try await browser.hasFocus("#filter"))
        #expect(try await browser.evaluate("document.activeElement.value", as: String.self) == "n3")
        #expect(try await browser.evaluate("\(Self.shownLabels).join()", as: String.self) == "n3")
        try await browser.type(" nobody")
        try await browser.wait(for: "\(Self.shownLabels).length === 0")
        _ = try await browser.evaluate("document.activeElement.select(), true", as: Bool.self)
        try await browser.type("n")
        try await browser.wait(for: "\(Self.shownLabels).length === 4")

        let second = "#fleet thead th:nth-child(2)"
        try await browser.tab(to: second + " button")
        for (key, order) in [(Browser.Key.enter, "ascending"), (.space, "descending")] {
            try await browser.press(key)
            try await browser.wait(for: "document.querySelector('\(second)').ariaSort === '\(order)'")
            let labels = ["n1", "n2", "n3", "n4"]
            let wanted = (order == "ascending" ? labels : labels.reversed()).joined(separator: ",")
            #expect(try await browser.evaluate("\(Self.shownLabels).join()", as: String.self) == wanted)
        }
        // The page refreshes while a heading has the focus, and while a number has it; the order stays.
        #expect(try await rig.run("resume", "n3").code == 0)
        try await browser.wait(for: "!document.querySelector('#fleet tbody .badge.paused')")
        #expect(try await browser.hasFocus(second + " button"))
        #expect(try await browser.evaluate("\(Self.shownLabels).join()", as: String.self) == "n4,n3,n2,n1")
        try await browser.tab(to: "#fleet tbody a[href='/numbers/%2B15550101003']")
        #expect(try await rig.run("pause", "n1").code == 0)
        try await renewNow(browser)
        try await browser.wait(for: "document.querySelector('#fleet tbody .badge.paused')")
        #expect(try await browser.hasFocus("a[href='/numbers/%2B15550101003']"))
        #expect(try await browser.evaluate("window.sameDocument", as: Bool.self), "nothing was loaded anew")

        try await browser.press(.enter)
        try await browser.wait("the number is open") { try await browser.isAt(scene.base + "/numbers/%2B15550101003") }
        #expect(try await browser.evaluate("document.querySelector('h1').textContent", as: String.self).contains("n3"))
        let facts = try await browser.evaluate("document.querySelector('dl').textContent", as: String.self)
        #expect(facts.contains("Certainlyenabled with our PIN of generation 1"), "\(facts)")
        #expect(try await rig.run("pause", "n3").code == 0)
        try await renewNow(browser)
        try await browser.wait(for: "document.querySelector('h1 .badge.paused')")
        try await browser.tab(to: "nav a")
        try await browser.press(.enter)
        try await browser.wait("the fleet is open again") { try await browser.isAt(scene.base + "/") }
        try await scene.end()
    }

    @Test func `a page whose daemon has gone says so, and goes on when it is back`() async throws {
        let rig = try await Rig(Rig.fleet(1))
        let scene = try await scene(rig)
        let browser = scene.browser
        try await browser.open(scene.base + "/")
        #expect(await rig.stop(scene.daemon) == 0)
        try await browser.wait(for: "document.getElementById('live').textContent.includes('no answer')")
        let again = try await rig.startDaemon()
        try await browser.wait(for: "document.getElementById('live').textContent === ''")
        // The console reports the refused connection, and rightly.
        let others = browser.complaints.filter { !$0.contains("ERR_CONNECTION_REFUSED") }
        #expect(others.isEmpty, "\(others)")
        try await browser.close()
        #expect(await rig.stop(again) == 0)
        try await rig.end()
    }

    private static let variedFleet: [Rig.Entry] = {
        let labels = [
            "support-us", "support-eu", "support-in", "support-br", "sales-mx", "sales-us", "sales-eu", "sales-in",
            "billing", "alerts", "events", "hr-internal",
        ]
        return labels.enumerated().map { index, label in
            Rig.Entry(
                number: "+155501010\(10 + index)", label: label, start: index == 1 ? .on(pin: "604181") : .off,
                isDisabled: label == "events", extra: index % 3 == 0 ? ["rotate_every: \(30 + index)d"] : [])
        }
    }()
}

/// The pictures in the documents; recorded again when `TWOSTEPD_RECORD_SCREENSHOTS` is 1.
private enum Screenshots {
    private static let isRecording = ProcessInfo.processInfo.environment["TWOSTEPD_RECORD_SCREENSHOTS"] == "1"
    private static let kept: Set = [
        "fleet-0-light", "fleet-0-dark", "fleet-0-phone", "fleet-12-light", "fleet-12-dark", "fleet-12-phone",
        "fleet-2000-light", "fleet-2000-dark", "fleet-2000-phone", "number-light", "number-dark", "number-phone",
    ]

    static func keep(_ name: String, _ view: Browser.View, _ take: () async throws -> Data) async throws {
        guard isRecording, kept.contains(name) else { return }
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/screenshots")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let picture = try await take()
        #expect(picture.count < 150_000, "\(name).png has \(picture.count) bytes")
        try picture.write(to: folder.appendingPathComponent(name + ".png"))
    }
}
