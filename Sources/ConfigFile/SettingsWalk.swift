import Foundation
import Planning

/// Reads the settings from the events of one file.
struct SettingsWalk {
    typealias Field = FieldReader.Field

    let reader: FieldReader
    /// The folder to which relative paths are relative.
    let folder: String

    private var findings: Findings { reader.findings }

    /// The maximum length of a socket's path in bytes that the system accepts, without the NUL.
    private static let maxSocketPathLength = 107
    private static let maxPathLength = 4095

    func settings() throws(YAMLRefusal) -> Settings {
        var settings = Settings()
        guard try reader.hasContent() else { return settings }
        let top = Findings.Position(line: 1, column: 1)
        let fields = try reader.fields(at: top, subject: "the file", as: SettingsKey.self) {
            key, place throws(YAMLRefusal) in
            guard !reader.isNull else { return false }
            switch key {
            case .limits: settings.limits = try limits(place)
            case .timing: settings.timing = try timing(place)
            case .hooks: settings.hooks = try HookWalk(reader: reader).hooks(place)
            case .desiredState, .stateDirectory, .runtimeDirectory, .secrets, .sealingKey, .listen, .caFile, .proxy,
                .logLevel, .logFormat, .metrics, .keepChanges:
                return false
            }
            return true
        }
        guard let fields else { return settings }
        readPaths(fields, into: &settings)
        if let field = fields[.sealingKey], let key = sealingKey(field) { settings.sealingKey = key }
        if let field = fields[.listen], let listen = listen(field) { settings.listen = listen }
        if let field = fields[.caFile], field.scalar?.text != "none", let path = path(field) {
            settings.caFile = path
        }
        if let field = fields[.proxy], let proxy = proxy(field) { settings.proxy = proxy }
        if let field = fields[.logLevel], let level = reader.choice(field, as: Settings.LogLevel.self) {
            settings.logLevel = level
        }
        if let field = fields[.logFormat], let format = reader.choice(field, as: Settings.LogFormat.self) {
            settings.logFormat = format
        }
        if let field = fields[.metrics], let detail = reader.choice(field, as: Settings.MetricsDetail.self) {
            settings.metrics = detail
        }
        if let field = fields[.keepChanges] { settings.keepChanges = keepChanges(field, settings.keepChanges) }
        return settings
    }

    // MARK: - Paths

    private func readPaths(_ fields: FieldReader.Fields<SettingsKey>, into settings: inout Settings) {
        if let path = fields[.desiredState].flatMap(path) { settings.desiredState = path }
        if let path = fields[.stateDirectory].flatMap(path) { settings.stateDirectory = path }
        if let path = fields[.secrets].flatMap(path) { settings.secrets = path }
        guard let field = fields[.runtimeDirectory], let path = path(field) else { return }
        settings.runtimeDirectory = path
        let length = settings.controlSocket.utf8.count
        guard length > Self.maxSocketPathLength else { return }
        findings.error(
            field.position,
            "the path of the control socket would have \(length) bytes; the system allows \(Self.maxSocketPathLength)",
            hint: "choose a shorter folder, such as /run/twostepd")
    }

    /// Returns a path; a relative one is appended to `folder`.
    private func path(_ field: Field) -> String? {
        guard let text = reader.text(field, "a path") else { return nil }
        guard !text.isEmpty, text.utf8.count <= Self.maxPathLength, !text.utf8.contains(0) else {
            findings.error(field.position, "'\(field.name)' must be a path of 1 to \(Self.maxPathLength) bytes")
            return nil
        }
        guard !text.hasPrefix("~") else {
            findings.error(field.position, "'~' is not expanded in '\(field.name)'", hint: "write the full path")
            return nil
        }
        if text.hasPrefix("/") { return text }
        return folder.hasSuffix("/") ? folder + text : folder + "/" + text
    }

    private func sealingKey(_ field: Field) -> SealingKeySource? {
        let expectation = "the name of a credential, or an absolute path"
        guard let text = reader.text(field, expectation, showsSource: false) else { return nil }
        if text.hasPrefix("/"), text.utf8.count <= Self.maxPathLength, !text.utf8.contains(0) { return .file(text) }
        if SecretShape.isName(text), !SecretShape.looksLikeToken(text) { return .credential(text) }
        findings.error(
            field.position, "'sealing_key' must be \(expectation)",
            hint: "the key itself must not appear in this file", showsSource: false)
        return nil
    }

    private func listen(_ field: Field) -> ListenAddress? {
        let hint = "write 127.0.0.1:9477, \"[::1]:9477\" in quotes, or off"
        guard let text = reader.text(field, "off or host:port", hint: hint) else { return nil }
        do throws(ListenAddress.Refusal) {
            return try ListenAddress(parsing: text)
        } catch {
            switch error {
            case .notLoopback(let host):
                findings.error(
                    field.position, "'listen' must be a loopback address, and \(VisibleText.quoted(host)) is not one",
                    hint:
                        "the page has no password: to give others access, put a proxy that asks for one in front of it")
            case .shape:
                findings.error(
                    field.position, "'listen' must be off or host:port, but is \(VisibleText.quoted(text))",
                    hint: hint)
            }
            return nil
        }
    }

    /// Returns the proxy of a URL without a user and a path; nil for `off`, and after reporting an invalid value.
    private func proxy(_ field: Field) -> ProxyAddress? {
        let hint = "write http://host:port, or off"
        guard let text = reader.text(field, "off or http://host:port", hint: hint), text != "off" else { return nil }
        let parts = URLComponents(string: text)
        let host = parts?.host.map { $0.hasPrefix("[") ? String($0.dropFirst().dropLast()) : $0 }
        guard let parts, parts.scheme?.lowercased() == "http", let host, !host.isEmpty, let port = parts.port,
            (1...65_535).contains(port), parts.user == nil, parts.password == nil, ["", "/"].contains(parts.path),
            parts.query == nil, parts.fragment == nil, text.utf8.count <= EndpointText.maxLength
        else {
            findings.error(
                field.position, "'proxy' must be off or http://host:port", hint: hint, showsSource: false)
            return nil
        }
        return ProxyAddress(host: host, port: port)
    }

    // MARK: - Limits and times

    /// Returns the age up to which history is kept; nil for ever.
    private func keepChanges(_ field: Field, _ standard: Duration?) -> Duration? {
        if ["unlimited", "0"].contains(field.scalar?.text) { return nil }
        let day: Duration = .seconds(86_400)
        return reader.duration(
            field, in: .init(lowest: day, highest: day * 10_000, name: "1d to 10000d, or unlimited")) ?? standard
    }

    private func limits(_ place: FieldReader.Place) throws(YAMLRefusal) -> Settings.Limits {
        var limits = Settings.Limits()
        guard let fields = try reader.fields(at: place.position, subject: "'limits'", as: LimitKey.self) else {
            return limits
        }
        // With fewer requests than a cycle needs, a number could not be enabled in the minute in which it was disabled.
        limit(
            fields, .requestsPerMinute, from: RequestRate.minPerMinute, RequestWindow.remembered,
            &limits.requestsPerMinute)
        limit(fields, .observationsPerMinute, from: 1, RequestWindow.remembered, &limits.observationsPerMinute)
        // Writes above this count are not remembered, so a higher limit could not be enforced.
        limit(fields, .writesPerHour, WriteBudget.remembered, &limits.writesPerHour)
        limit(fields, .writesPerHourExposed, WriteBudget.remembered, &limits.writesPerHourExposed)
        limit(fields, .concurrency, Policy.maxConcurrency, &limits.concurrency)
        limit(fields, .maxExposed, 1_000_000, &limits.maxExposed)
        limit(fields, .maxWeakenedPercent, 100, &limits.maxWeakenedPercent)
        return limits
    }

    /// Reads a whole number from `lowest` to `highest`, or `0` or `unlimited`, which lift the limit.
    private func limit(
        _ fields: FieldReader.Fields<LimitKey>, _ key: LimitKey, from lowest: Int = 1, _ highest: Int,
        _ value: inout Int?
    ) {
        guard let field = fields[key] else { return }
        let expectation = "a whole number from \(lowest) to \(highest), or unlimited"
        guard let text = reader.text(field, expectation, accepting: [.text, .integer], hint: "write \(expectation)")
        else { return }
        if text == "unlimited" || text == "0" {
            value = nil
            return
        }
        guard text.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(text),
            (lowest...highest).contains(number), field.scalar?.kind == .integer
        else {
            findings.error(
                field.position, "'\(key.rawValue)' must be \(expectation), but is \(VisibleText.quoted(text))",
                hint: NearestName.hint(for: text, among: ["unlimited"]))
            return
        }
        value = number
    }

    private func timing(_ place: FieldReader.Place) throws(YAMLRefusal) -> Settings.Timing {
        var timing = Settings.Timing()
        guard let fields = try reader.fields(at: place.position, subject: "'timing'", as: TimingKey.self) else {
            return timing
        }
        let day: Duration = .seconds(86_400)
        time(fields, .requestTimeout, .milliseconds(100), .seconds(600), &timing.requestTimeout)
        time(fields, .settleDelay, .milliseconds(100), day * 30, &timing.settleDelay)
        time(fields, .backoffMin, .milliseconds(10), .seconds(3600), &timing.backoffMin)
        time(fields, .backoffMax, .milliseconds(10), day * 7, &timing.backoffMax)
        time(fields, .backoffMaxExposed, .milliseconds(10), day, &timing.backoffMaxExposed)
        time(fields, .shutdownGrace, .zero, .seconds(600), &timing.shutdownGrace)
        checkOrder(timing, fields, place.position)
        return timing
    }

    private func time(
        _ fields: FieldReader.Fields<TimingKey>, _ key: TimingKey, _ lowest: Duration, _ highest: Duration,
        _ value: inout Duration
    ) {
        guard let field = fields[key] else { return }
        if let duration = reader.duration(field, in: .init(lowest: lowest, highest: highest)) { value = duration }
    }

    /// Checks that the longest backoffs are no shorter than the first, and reports the error at the value to correct.
    private func checkOrder(
        _ timing: Settings.Timing, _ fields: FieldReader.Fields<TimingKey>, _ position: Findings.Position
    ) {
        let first = timing.backoffMin.periodText
        for (key, value) in [(TimingKey.backoffMax, timing.backoffMax), (.backoffMaxExposed, timing.backoffMaxExposed)]
        where value < timing.backoffMin {
            findings.error(
                (fields[key] ?? fields[.backoffMin])?.position ?? position,
                "'\(key.rawValue)' (\(value.periodText)) is shorter than 'backoff_min' (\(first))")
        }
        if timing.settleDelay < timing.requestTimeout {
            findings.warning(
                (fields[.settleDelay] ?? fields[.requestTimeout])?.position ?? position,
                "'settle_delay' (\(timing.settleDelay.periodText)) is shorter than 'request_timeout' "
                    + "(\(timing.requestTimeout.periodText))",
                hint: "a request that takes effect late would be taken for one that never does")
        }
    }
}
