import Planning

/// Walks once over the rows of a list of numbers, and reports the problems of each.
struct NumberListWalk {
    typealias Position = Findings.Position

    /// One number and its fields, ordered as in a desired-state file; empty fields are left out.
    struct Row {
        let number: PhoneNumber
        let fields: [(key: EntryKey, field: CSVTable.Field)]
    }

    private let table: CSVTable
    private let findings: Findings
    private var seen: [EntryKey: [String: Int]] = [:]

    init(_ table: CSVTable, _ findings: Findings) {
        self.table = table
        self.findings = findings
    }

    /// Returns the rows without problems so far; the problems of the others are in the findings.
    mutating func rows() -> [Row] {
        guard let header = table.rows.first, let keys = columns(header) else {
            if table.rows.isEmpty {
                findings.error(.wholeFile, "the list is empty", hint: "its first row names the columns: number,token")
            }
            return []
        }
        guard table.rows.count > 1 else {
            findings.error(header[0].position, "the list has a header and no number")
            return []
        }
        return table.rows.dropFirst().compactMap { row($0, keys) }
    }

    // MARK: - Columns

    private func columns(_ header: [CSVTable.Field]) -> [EntryKey]? {
        var keys: [EntryKey] = []
        for field in Self.withoutEmptyEnd(header, keeping: 1) {
            let name = field.text.lowercased()
            guard let key = EntryKey(rawValue: name) else {
                reportUnknown(field, name)
                continue
            }
            if keys.contains(key) {
                findings.error(field.position, "duplicate column '\(name)'", hint: "keep one of the two")
            }
            keys.append(key)
        }
        let isMissing = [EntryKey.number, .token].filter { !keys.contains($0) }
        if !findings.hasErrors, let first = header.first {
            for key in isMissing {
                findings.error(
                    first.position, "the column '\(key.rawValue)' is missing",
                    hint: key == .number
                        ? "begin the list with a row that names its columns, such as number,label,token"
                        : "give each number the NAME of its token; the token itself belongs in secrets.yaml")
            }
        }
        return findings.hasErrors ? nil : keys
    }

    private func reportUnknown(_ field: CSVTable.Field, _ name: String) {
        let isSecret = ["secret", "password", "passwd", "api_key", "apikey", "token", "pin"].contains {
            name.contains($0)
        }
        let isTabbed = field.text.contains("\t")
        guard !isSecret || isTabbed else {
            findings.error(
                field.position, "the column \(VisibleText.quoted(field.text)) seems to hold secrets",
                hint:
                    "delete it: secrets belong in secrets.yaml; 'token', 'pin' and 'observer' are columns of their names"
            )
            return
        }
        let known = EntryKey.allCases.map(\.rawValue)
        let hint = NearestName.hint(for: name, among: known) ?? "known columns: \(known.joined(separator: ", "))"
        let message = "unknown column \(VisibleText.quoted(field.text))"
        findings.error(field.position, message, hint: isTabbed ? "separate the columns by ',' or ';'" : hint)
    }

    // MARK: - Rows

    /// Returns the fields without empty ones at the end, which a spreadsheet writes for cleared columns.
    private static func withoutEmptyEnd(_ fields: [CSVTable.Field], keeping count: Int) -> ArraySlice<CSVTable.Field> {
        var fields = fields[...]
        while fields.count > count, fields.last?.text.isEmpty == true { fields.removeLast() }
        return fields
    }

    private mutating func row(_ fields: [CSVTable.Field], _ keys: [EntryKey]) -> Row? {
        let fields = Array(Self.withoutEmptyEnd(fields, keeping: keys.count))
        guard fields.count == keys.count else {
            findings.error(
                fields[0].position, "this row has \(fields.count.counted("field")), and the header \(keys.count)",
                hint: "put a field that holds a '\(Character(Unicode.Scalar(table.delimiter)))' in quotes")
            return nil
        }
        var byKey: [EntryKey: CSVTable.Field] = [:]
        for (key, field) in zip(keys, fields) where !field.text.isEmpty { byKey[key] = field }
        var isClean = true
        for (key, field) in byKey where !isPlain(key, field) { isClean = false }
        for (index, key) in keys.enumerated() where (key == .number || key == .token) && byKey[key] == nil {
            findings.error(fields[index].position, "this row has no '\(key.rawValue)'")
            isClean = false
        }
        guard let field = byKey[.number], let number = number(field) else { return nil }
        if let field = byKey[.label] { isClean = isNew(field.text, .label, field.position) && isClean }
        if let field = Self.identity(byKey) {
            let scope = field.key == .token ? "" : Self.endpoint(byKey)
            isClean = isNew(field.value.text, field.key, field.value.position, scope: scope) && isClean
        }
        isClean = isNew(number.description, .number, field.position) && isClean
        guard isClean else { return nil }
        return Row(number: number, fields: EntryKey.allCases.compactMap { key in byKey[key].map { (key, $0) } })
    }

    /// Returns the field that decides which number a request changes; nil when the vendor is unknown.
    private static func identity(_ fields: [EntryKey: CSVTable.Field]) -> (key: EntryKey, value: CSVTable.Field)? {
        var vendor: Vendor? = .pickyAssist
        if let field = fields[.vendor] { vendor = Vendor(rawValue: field.text) }
        guard let vendor else { return nil }
        let key: EntryKey = vendor.capabilities.tokenNamesNumber ? .token : .phoneNumberID
        return fields[key].map { (key, $0) }
    }

    /// Returns the endpoint of a row identified by its `phone_number_id`, as the reader of the file compares it.
    private static func endpoint(_ fields: [EntryKey: CSVTable.Field]) -> String {
        let standard = fields[.vendor].flatMap { Vendor(rawValue: $0.text) }?.capabilities.endpoint.text ?? ""
        let text = fields[.endpoint]?.text ?? standard
        return (text.hasSuffix("/") ? String(text.dropLast()) : text) + " "
    }

    /// Refuses a value that is, or may be, a secret. It is never shown.
    private func isPlain(_ key: EntryKey, _ field: CSVTable.Field) -> Bool {
        let isName = key == .token || key == .pin || key == .observer
        guard isName || key == .label else { return true }
        let isPIN = key == .pin && SecretShape.isPIN(field.text)
        if isPIN || SecretShape.looksLikeToken(field.text) {
            findings.error(
                field.position, "the column '\(key.rawValue)' holds what looks like a secret itself",
                hint: "write a name here, and the secret in secrets.yaml under that name")
            return false
        }
        guard !isName || SecretShape.isName(field.text) else {
            findings.error(
                field.position, "the column '\(key.rawValue)' must hold a name; this is not one, and may be a secret",
                hint: "a name has letters, digits, '.', '_' and '-', at most \(SecretShape.maxNameLength) of them")
            return false
        }
        return true
    }

    /// Refuses a value that appeared before in the same scope.
    private mutating func isNew(
        _ text: String, _ key: EntryKey, _ position: Position, scope: String = ""
    ) -> Bool {
        if let line = seen[key]?[scope + text] {
            findings.error(
                position, "duplicate \(key.rawValue) \(VisibleText.quoted(text)): first used on line \(line)",
                hint: key == .token ? "the token alone decides which number is changed: give each number its own" : nil)
            return false
        }
        seen[key, default: [:]][scope + text] = position.line
        return true
    }

    private func number(_ field: CSVTable.Field) -> PhoneNumber? {
        do throws(NumberCell.Refusal) { return try NumberCell(field.text).number() } catch {
            findings.error(
                field.position, "\(VisibleText.quoted(field.text)) cannot be read as one telephone number",
                hint: error.hint)
            return nil
        }
    }
}
