@testable import ConfigFile

/// A plain value, as a JSON Schema sees it.
indirect enum JSONValue: Equatable {
    case null
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])

    /// Parses a document under the core schema of YAML 1.2; null for an empty one.
    init(document: String) throws {
        self = try Array(document.utf8).withUnsafeBufferPointer { bytes in
            let events = YAMLEvents(bytes, isSecret: false)
            try events.begin()
            let value = events.kind == .nothing ? .null : try JSONValue(events)
            try events.finish()
            return value
        }
    }

    /// Reads the value that begins at the current event.
    private init(_ events: YAMLEvents) throws(YAMLRefusal) {
        switch events.kind {
        case .scalar:
            self = JSONValue(String(decoding: events.bytes, as: UTF8.self), isPlain: events.isPlain)
        case .mapping:
            var members: [String: JSONValue] = [:]
            try events.advance()
            while events.kind != .end {
                let name = String(decoding: events.bytes, as: UTF8.self)
                try events.advance()
                members[name] = try JSONValue(events)
            }
            self = .object(members)
        case .list:
            var items: [JSONValue] = []
            try events.advance()
            while events.kind != .end { items.append(try JSONValue(events)) }
            self = .list(items)
        case .end, .nothing: preconditionFailure("a value begins here")
        }
        try events.advance()
    }

    private init(_ text: String, isPlain: Bool) {
        switch isPlain ? ScalarKind(plain: text) : .text {
        case .text: self = .text(text)
        case .null: self = .null
        case .boolean: self = .boolean(text.lowercased() == "true")
        case .integer: self = Int(text).map { .integer($0) } ?? .number(0)
        case .number: self = .number(Double(text) ?? 0)
        }
    }

    subscript(_ key: String) -> JSONValue? {
        if case .object(let members) = self { members[key] } else { nil }
    }
}

/// The part of JSON Schema (draft 2020-12) that the project's schema uses. An unknown keyword is an error.
struct JSONSchema {
    struct UnknownKeyword: Error { let name: String }

    let root: JSONValue

    func accepts(_ value: JSONValue) throws -> Bool { try check(value, root) }

    private func check(_ value: JSONValue, _ schema: JSONValue) throws -> Bool {
        guard case .object(let keywords) = schema else { return schema == .boolean(true) }
        for (name, keyword) in keywords {
            guard try check(value, name, keyword, in: keywords) else { return false }
        }
        return true
    }

    private func check(
        _ value: JSONValue, _ name: String, _ keyword: JSONValue, in keywords: [String: JSONValue]
    ) throws -> Bool {
        switch (name, keyword, value) {
        case ("$schema", _, _), ("$defs", _, _), ("title", _, _), ("description", _, _): return true
        case ("$ref", .text(let reference), _): return try check(value, try definition(reference))
        case ("type", .text(let type), _): return isType(value, type)
        case ("type", .list(let types), _):
            return types.contains { if case .text(let type) = $0 { isType(value, type) } else { false } }
        case ("const", _, _): return value == keyword
        case ("enum", .list(let values), _): return values.contains(value)
        case ("anyOf", .list(let schemas), _): return try schemas.contains { try check(value, $0) }
        case ("oneOf", .list(let schemas), _): return try schemas.count { try check(value, $0) } == 1
        case ("if", _, _):
            guard let consequence = keywords["then"] else { throw UnknownKeyword(name: "if without then") }
            return try !check(value, keyword) || check(value, consequence)
        case ("then", _, _): return true
        case ("not", _, _): return try !check(value, keyword)
        case ("pattern", .text(let pattern), .text(let text)): return try text.contains(Regex(pattern))
        case ("minLength", .integer(let limit), .text(let text)): return text.unicodeScalars.count >= limit
        case ("maxLength", .integer(let limit), .text(let text)): return text.unicodeScalars.count <= limit
        case ("minimum", .integer(let limit), .integer(let number)): return number >= limit
        case ("maximum", .integer(let limit), .integer(let number)): return number <= limit
        case ("minItems", .integer(let limit), .list(let items)): return items.count >= limit
        case ("items", _, .list(let items)): return try items.allSatisfy { try check($0, keyword) }
        case ("required", .list(let names), .object(let members)):
            return names.allSatisfy { if case .text(let name) = $0 { members[name] != nil } else { false } }
        case ("dependentRequired", .object(let dependents), .object(let members)):
            return try dependents.allSatisfy { key, names in
                try members[key] == nil || check(value, "required", names, in: [:])
            }
        case ("properties", .object(let schemas), .object(let members)):
            return try members.allSatisfy { key, member in try schemas[key].map { try check(member, $0) } ?? true }
        case ("additionalProperties", .boolean(false), .object(let members)):
            guard case .object(let known) = keywords["properties"] else { return members.isEmpty }
            return members.keys.allSatisfy { known[$0] != nil }
        case ("pattern", _, _), ("minLength", _, _), ("maxLength", _, _), ("minimum", _, _), ("maximum", _, _),
            ("minItems", _, _), ("items", _, _), ("required", _, _), ("properties", _, _),
            ("additionalProperties", .boolean, _), ("dependentRequired", _, _):
            // These keywords do not restrict values of other types.
            return true
        default: throw UnknownKeyword(name: name)
        }
    }

    private func definition(_ reference: String) throws -> JSONValue {
        let name = reference.replacing("#/$defs/", with: "")
        guard let definition = root["$defs"]?[name] else { throw UnknownKeyword(name: reference) }
        return definition
    }

    private func isType(_ value: JSONValue, _ type: String) -> Bool {
        switch (value, type) {
        case (.null, "null"), (.boolean, "boolean"), (.integer, "integer"), (.integer, "number"),
            (.number, "number"), (.text, "string"), (.list, "array"), (.object, "object"):
            true
        default: false
        }
    }
}
