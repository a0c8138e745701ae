import Foundation
import Planning

/// Reads the hooks of one settings file.
struct HookWalk {
    typealias Field = FieldReader.Field

    let reader: FieldReader

    private var findings: Findings { reader.findings }

    private static let maxArguments = 64
    private static let maxArgumentLength = 4096
    private static let maxTemplateLength = 8192
    private static let maxFailureTextLength = 200
    private static let targets = "'url', 'url_secret' or 'command'"

    /// Reads the list of hooks that begins here.
    func hooks(_ place: FieldReader.Place) throws(YAMLRefusal) -> [HookSettings] {
        guard reader.events.kind == .list else {
            let value = try reader.value()
            findings.error(
                place.position, "'hooks' must be a list, but is \(value.kind)",
                hint: "begin each hook with '- name: …'")
            return []
        }
        var hooks: [HookSettings] = []
        var count = 0
        var seen: Set<String> = []
        try reader.forEachItem { position throws(YAMLRefusal) in
            count += 1
            guard count <= HookSettings.maxCount else { return try reader.events.skip() }
            let fields = try reader.fields(at: position, subject: "an entry of 'hooks'", as: HookKey.self)
            guard let fields, let hook = hook(fields) else { return }
            if !seen.insert(hook.name).inserted {
                findings.error(fields[.name]?.position ?? position, "there are two hooks named '\(hook.name)'")
            }
            hooks.append(hook)
        }
        if count > HookSettings.maxCount {
            findings.error(
                place.position,
                "'hooks' has \(count.counted("entry", "entries")); at most \(HookSettings.maxCount) are allowed"
            )
        }
        return hooks
    }

    private func hook(_ fields: FieldReader.Fields<HookKey>) -> HookSettings? {
        let name = fields[.name].flatMap { self.name($0, "a short name") }
        if fields[.name] == nil { findings.error(fields.position, "the hook has no 'name'") }
        let kinds = kinds(fields)
        let target = target(fields)
        let template = fields[.template].flatMap(template)
        let failureText = fields[.failureText].flatMap(failureText)
        let signing = fields[.signingSecret].flatMap { self.name($0, "the name of a secret") }
        let includesPIN = fields[.includePIN].flatMap(flag) ?? false
        var timeout = HookSettings.defaultTimeout
        if let field = fields[.timeout],
            let time = reader.duration(field, in: .init(lowest: .seconds(1), highest: .seconds(120)))
        {
            timeout = time
        }
        guard let name, let kinds, let target else { return nil }
        if case .command = target {
            for key in [HookKey.template, .signingSecret, .failureText] {
                guard let field = fields[key] else { continue }
                findings.error(
                    field.keyPosition, "'\(key.rawValue)' applies to hooks with a URL; this one runs a program")
            }
        } else if includesPIN, let field = fields[.includePIN] {
            findings.error(
                field.keyPosition, "'include_pin' applies to programs only: a PIN is never posted",
                hint: "use 'command' to pass the PIN to a program")
        }
        if includesPIN, !kinds.contains(.rotated), let field = fields[.includePIN] {
            findings.error(field.keyPosition, "'include_pin' needs 'rotated' in 'on': no other kind has a new PIN")
        }
        return HookSettings(
            name: name, kinds: kinds, target: target, signingSecret: signing, template: template,
            failureText: failureText, includesPIN: includesPIN, timeout: timeout)
    }

    private func name(_ field: Field, _ expectation: String) -> String? {
        guard let text = reader.text(field, expectation, showsSource: false) else { return nil }
        guard SecretShape.isName(text), !SecretShape.looksLikeToken(text) else {
            findings.error(
                field.position, "'\(field.name)' must be \(expectation), of letters, digits, '-', '_' and '.'",
                showsSource: false)
            return nil
        }
        return text
    }

    private func kinds(_ fields: FieldReader.Fields<HookKey>) -> Set<HookKind>? {
        let words = HookKind.allCases.map(\.rawValue)
        guard let field = fields[.on], case .list(let items, let count) = field.value,
            (1...FieldReader.maxItems).contains(count)
        else {
            findings.error(
                fields[.on]?.position ?? fields.position,
                "the hook needs 'on': a list of the notifications that it receives",
                hint: "known kinds: \(words.joined(separator: ", "))")
            return nil
        }
        var kinds: Set<HookKind> = []
        for item in items {
            guard let text = item.value.scalar?.text, let kind = HookKind(rawValue: text) else {
                let text = item.value.scalar?.text ?? item.value.kind
                findings.error(
                    item.position, "unknown notification \(VisibleText.quoted(text))",
                    hint: NearestName.hint(for: text, among: words) ?? "known kinds: \(words.joined(separator: ", "))")
                return nil
            }
            kinds.insert(kind)
        }
        return kinds
    }

    private func target(_ fields: FieldReader.Fields<HookKey>) -> HookSettings.Target? {
        let given = [fields[.url], fields[.urlSecret], fields[.command]].compactMap(\.self)
        guard given.count == 1, let field = given.first else {
            findings.error(
                given.last?.keyPosition ?? fields.position,
                "the hook needs exactly one of \(Self.targets), and has \(given.count)")
            return nil
        }
        if fields[.urlSecret] != nil {
            return name(field, "the name of a secret").map { .secretURL($0) }
        }
        guard fields[.command] == nil else { return command(field).map { .command($0) } }
        guard let text = reader.text(field, "an https URL", showsSource: false) else { return nil }
        if let problem = HookURL.problem(with: text) {
            findings.error(field.position, "'url' \(problem)", showsSource: false)
            return nil
        }
        return .url(text)
    }

    private func command(_ field: Field) -> [String]? {
        guard case .list(let items, let count) = field.value, (1...Self.maxArguments).contains(count) else {
            findings.error(
                field.position, "'command' must be a list: a program and its arguments",
                hint: "write [/path/of/program, argument]; there is no shell")
            return nil
        }
        let texts = items.compactMap { $0.value.scalar?.text }
        guard texts.count == count, texts[0].hasPrefix("/"),
            texts.allSatisfy({ $0.utf8.count <= Self.maxArgumentLength && !$0.utf8.contains(0) })
        else {
            findings.error(
                field.position, "'command' must begin with the absolute path of a program",
                hint: "write [/path/of/program, argument]; there is no shell")
            return nil
        }
        return texts
    }

    private func template(_ field: Field) -> String? {
        guard let text = reader.text(field, "a template of JSON") else { return nil }
        guard text.utf8.count <= Self.maxTemplateLength,
            let sample = HookSettings.fill(text, { _ in "word" }),
            // The position of a JSON error is not reported: it would be a position in the filled text.
            (try? JSONSerialization.jsonObject(with: Data(sample.utf8))) != nil
        else {
            findings.error(
                field.position, "'template' must be JSON with {{words}} inside its strings",
                hint: "known words: \(HookSettings.templateVariables.joined(separator: ", "))")
            return nil
        }
        return text
    }

    private func failureText(_ field: Field) -> String? {
        guard let text = reader.text(field, "a text that marks a failed answer") else { return nil }
        guard (1...Self.maxFailureTextLength).contains(text.utf8.count) else {
            findings.error(
                field.position, "'failure_text' must have 1 to \(Self.maxFailureTextLength) bytes",
                hint: "a few words are enough, as the receiver writes them: 'delivery failed'")
            return nil
        }
        return text
    }

    private func flag(_ field: Field) -> Bool? {
        switch field.scalar?.text {
        case "true": return true
        case "false": return false
        default:
            findings.error(field.position, "'\(field.name)' must be true or false")
            return nil
        }
    }
}

/// The rules for a webhook's URL.
public enum HookURL {
    /// Returns the problem of a URL, to follow its name in a message; nil when the URL is valid. It does not show the
    /// URL.
    public static func problem(with text: String) -> String? {
        guard text.utf8.count <= 2048, let parts = URLComponents(string: text), let host = parts.host, !host.isEmpty,
            parts.user == nil, parts.password == nil, parts.port.map({ (1...65_535).contains($0) }) ?? true
        else { return "must be an https URL without a user and a password" }
        switch parts.scheme?.lowercased() {
        case "https": return nil
        case "http" where LoopbackHost.contains(host): return nil
        default: return "must begin with https:// (http:// only to loopback)"
        }
    }
}
