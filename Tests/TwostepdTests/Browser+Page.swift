import Foundation

/// A person's actions on a page.
extension Browser {
    /// Opens a page and waits until it and its script are loaded.
    func open(_ url: String) async throws {
        try await call("Page.navigate", ["url": url])
        try await wait("\(url) is open") { try await isAt(url) }
    }

    /// Returns true when this page is loaded completely.
    func isAt(_ url: String) async throws -> Bool {
        // Nothing can be evaluated in a page that is being left.
        let here = try? await evaluate("[location.href, document.readyState].join(' ')", as: String.self)
        return here == url + " complete"
    }

    func look(_ view: View) async throws {
        try await call(
            "Emulation.setDeviceMetricsOverride",
            ["width": view.width, "height": view.height, "deviceScaleFactor": 1, "mobile": view.isPhone])
        try await call(
            "Emulation.setEmulatedMedia",
            ["features": [["name": "prefers-color-scheme", "value": view.isDark ? "dark" : "light"]]])
    }

    /// Returns the value of an expression.
    func evaluate<Value>(_ expression: String, as type: Value.Type) async throws -> Value {
        let answer = try await call(
            "Runtime.evaluate", ["expression": expression, "returnByValue": true, "awaitPromise": true])
        if let details = answer["exceptionDetails"] { throw TestFailure("\(expression): \(details)") }
        guard let value = (answer["result"] as? [String: Any])?["value"] as? Value else {
            throw TestFailure("\(expression) is not a \(Value.self): \(answer)")
        }
        return value
    }

    func wait(for expression: String) async throws {
        try await wait(expression) { try await evaluate("Boolean(\(expression))", as: Bool.self) }
    }

    /// A key that is not a letter.
    enum Key: String {
        case tab = "Tab"
        case enter = "Enter"
        case space = " "

        fileprivate var code: (name: String, number: Int, text: String?) {
            switch self {
            case .tab: ("Tab", 9, nil)
            case .enter: ("Enter", 13, "\r")
            case .space: ("Space", 32, " ")
            }
        }
    }

    func press(_ key: Key) async throws {
        let code = key.code
        var down: [String: Any] = [
            "type": code.text == nil ? "rawKeyDown" : "keyDown", "key": key.rawValue, "code": code.name,
            "windowsVirtualKeyCode": code.number,
        ]
        down["text"] = code.text
        try await call("Input.dispatchKeyEvent", down)
        down["type"] = "keyUp"
        down["text"] = nil
        try await call("Input.dispatchKeyEvent", down)
    }

    func type(_ text: String) async throws {
        for character in text {
            try await call("Input.dispatchKeyEvent", ["type": "char", "text": String(character)])
        }
    }

    /// Presses Tab until the focused element matches a selector, at most `most` times.
    func tab(to selector: String, most: Int = 40) async throws {
        for _ in 0..<most {
            try await press(.tab)
            if try await hasFocus(selector) { return }
        }
        throw TestFailure("\(most) times Tab do not lead to \(selector)")
    }

    func hasFocus(_ selector: String) async throws -> Bool {
        try await evaluate("document.activeElement.matches(\(Self.quoted(selector)))", as: Bool.self)
    }

    /// Returns the upper part of the page, as a PNG.
    func screenshot(_ view: View, height: Int) async throws -> Data {
        let whole = try await evaluate(
            "Math.ceil(document.body.getBoundingClientRect().height)", as: Int.self)
        let clip: [String: Any] = [
            "x": 0, "y": 0, "width": view.width, "height": min(whole, height),
            "scale": view.isPhone ? 1 : 0.7,
        ]
        let answer = try await call(
            "Page.captureScreenshot", ["format": "png", "clip": clip, "captureBeyondViewport": true])
        guard let data = Data(base64Encoded: answer["data"] as? String ?? "") else {
            throw TestFailure("no screenshot: \(answer.keys)")
        }
        return data
    }

    /// Returns a text as a literal of JavaScript.
    static func quoted(_ text: String) throws -> String {
        let data = try JSONSerialization.data(withJSONObject: text, options: .fragmentsAllowed)
        return String(decoding: data, as: UTF8.self)
    }
}
