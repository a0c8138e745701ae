import ConfigFile
import Foundation
import Testing

/// Compares the JSON Schema with the reader: an editor that uses the schema must not mark a file that the reader
/// accepts, and must mark the mistakes that a schema can express.
@Suite struct SchemaTests {
    /// Mistakes that a schema cannot express: they are about two places at once (an entry and its defaults among them),
    /// about another file, about ranges of durations, about the form of a secret, or about the `+` of an unquoted
    /// number.
    static let readerOnly: Set<String> = [
        "default-period-too-short", "default-period-too-short-for-one-number", "duplicate-label", "duplicate-number",
        "duplicate-token", "endpoint-bad-port", "number-without-plus", "reapply-every-too-long",
        "reapply-every-too-short", "reference-same-value", "reference-unknown-pin", "reference-unknown-token",
        "reference-unreadable", "rotate-before-no-such-day", "rotate-every-below-a-second", "rotate-every-too-long",
        "rotate-every-too-short", "rotation-window-day", "rotation-window-never-open", "rotation-window-zone",
        "token-itself", "label-invisible", "reference-unknown-shared-token", "whatsapp-disabled-by-default",
        "whatsapp-endpoint-named-by-default", "whatsapp-id-missing-by-default-vendor", "whatsapp-id-telephone-number",
        "whatsapp-id-twice", "whatsapp-id-with-plus", "whatsapp-reset-by-default", "observer-names-a-number",
        "observer-id-twice", "observe-every-too-short-by-default", "reference-observer-same-value",
        "reference-observer-same-value-first", "reference-unknown-observer",
    ]
    /// Returns true for fixtures that are not a YAML document, or that the parser itself refuses.
    static func isSyntax(_ name: String) -> Bool {
        name.hasPrefix("syntax-") || name.hasPrefix("file-cut-in") || name.hasPrefix("duplicate-key")
            || name == "key-a-list" || name == "token-itself-on-a-broken-line"
    }

    static func schema() throws -> JSONSchema {
        let file = Fixtures.repository.appending(path: "config/desired-state.schema.json")
        return JSONSchema(root: try JSONValue(document: try String(contentsOf: file, encoding: .utf8)))
    }

    @Test(arguments: Fixtures.names.filter { !isSyntax($0) })
    func `the schema and the reader agree on each fixture that a schema can judge`(_ name: String) throws {
        // A byte order mark is not part of the document.
        let text = String(decoding: try Fixtures.bytes(name), as: UTF8.self).trimmingPrefix("\u{FEFF}")
        let accepted = try Self.schema().accepts(try JSONValue(document: String(text)))
        let read = try Fixtures.read(name).value != nil
        #expect(accepted == (read || Self.readerOnly.contains(name)))
    }

    @Test func `every name in the list of what only the reader sees is a fixture`() {
        #expect(Self.readerOnly.subtracting(Fixtures.names) == [])
    }

    @Test func `the schema is a valid JSON document`() throws {
        let file = Fixtures.repository.appending(path: "config/desired-state.schema.json")
        let object = try JSONSerialization.jsonObject(with: try Data(contentsOf: file)) as? [String: Any]
        #expect(object?["$schema"] as? String == "https://json-schema.org/draft/2020-12/schema")
    }

    @Test func `the checker refuses a keyword it does not know, so that nothing goes unchecked`() throws {
        let schema = JSONSchema(root: try JSONValue(document: #"{"maxItems": 3}"#))
        #expect(throws: JSONSchema.UnknownKeyword.self) { try schema.accepts(.list([])) }
    }
}
