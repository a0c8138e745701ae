import Files
import Glibc
public import Planning

/// The places in which secrets are looked up by name, in order: systemd credentials, `secrets.yaml`, the environment.
///
/// It is a snapshot of all of them; to adopt changes, read it again and replace the old value.
public struct SecretSources: SecretLookup {
    /// The maximum size of a secret, in bytes.
    static let largestSecret = 4096
    /// The maximum of names that are listed from a folder of credentials.
    static let maxCredentials = 10_000
    /// The name of the whole secrets file among the credentials.
    private static let fileName = "secrets.yaml"

    let credentials: CredentialFolder?
    /// The texts of the credentials by name, without the sealing key and without `secrets.yaml`.
    let credentialTexts: [String: CredentialText]
    /// The tokens in `secrets.yaml`.
    let tokens: SecretTable
    let pins: [String: PIN]
    /// The path of `secrets.yaml`.
    public let filePath: String
    /// True when `secrets.yaml` exists and was read.
    let hasFile: Bool
    /// True when `secrets.yaml` exists, but this user may not read it.
    public private(set) var isForbidden = false
    /// True when the service manager handed over the credentials at the start: the folder does not change afterwards.
    public let isHandedOver: Bool
    let environment: [String: String]
    let sealingKey: SealingKeySource

    /// Reads `secrets.yaml`, which may be missing, and the credentials.
    ///
    /// - Parameters:
    ///   - settings: the settings, which name the file and the sealing key.
    ///   - environment: the process's environment: `CREDENTIALS_DIRECTORY`, `TWOSTEPD_TOKEN_…` and `TWOSTEPD_PIN_…`.
    ///   - mayBeForbidden: whether a file that this user may not read counts as missing, for work that does not need
    ///     it; ``isForbidden`` is then true.
    /// - Returns: the sources, or the problems of the file: its permissions, its owner, its content.
    public static func read(
        settings: Settings, environment: [String: String], mayBeForbidden: Bool = false
    ) -> Reading<SecretSources> {
        let credential = credentialPath(environment)
        let path = credential ?? settings.secrets
        let limit = SecretsFile.largest
        var bytes: [UInt8]
        do throws(FileError) {
            bytes = try CheckedFile.read(path, credential == nil ? .secret(limit: limit) : .credential(limit: limit))
        } catch .missing {
            let sources = SecretSources(settings, SecretsFile(), path: path, hasFile: false, environment)
            return Reading(value: sources, problems: [], sha256: nil)
        } catch .refused(_, path: _, code: EACCES) where mayBeForbidden {
            var sources = SecretSources(settings, SecretsFile(), path: path, hasFile: false, environment)
            sources.isForbidden = true
            return Reading(value: sources, problems: [], sha256: nil)
        } catch {
            return ReadFile.failure(error, file: path)
        }
        defer { bytes.wipe() }
        let reading = SecretsFile.read(bytes: bytes, file: path)
        // No checksum for secrets: with it, short ones could be guessed.
        return Reading(
            value: reading.value.map { SecretSources(settings, $0, path: path, hasFile: true, environment) },
            problems: reading.problems, sha256: nil)
    }

    /// Returns the path from which `secrets.yaml` is read.
    public static func filePath(settings: Settings, environment: [String: String]) -> String {
        credentialPath(environment) ?? settings.secrets
    }

    /// Returns the path of `secrets.yaml` in `$CREDENTIALS_DIRECTORY`, a credential with the whole file; nil when it
    /// does not exist.
    private static func credentialPath(_ environment: [String: String]) -> String? {
        guard let folder = environment["CREDENTIALS_DIRECTORY"], !folder.isEmpty else { return nil }
        let path = "\(folder)/\(fileName)"
        return access(path, F_OK) == 0 ? path : nil
    }

    private init(
        _ settings: Settings, _ file: SecretsFile, path: String, hasFile: Bool, _ environment: [String: String]
    ) {
        let credentials = environment["CREDENTIALS_DIRECTORY"].flatMap { $0.isEmpty ? nil : CredentialFolder(path: $0) }
        self.credentials = credentials
        credentialTexts = credentials.map { Self.texts(in: $0, sealingKey: settings.sealingKey) } ?? [:]
        isHandedOver = credentials != nil && environment["INVOCATION_ID"] != nil
        tokens = file.tokens
        pins = file.pins
        self.hasFile = hasFile
        filePath = path
        self.environment = environment.filter {
            $0.key.hasPrefix(Self.tokenPrefix) || $0.key.hasPrefix(Self.pinPrefix)
        }
        sealingKey = settings.sealingKey
    }

    public func token(named name: String) throws(SecretError) -> Token {
        guard SecretShape.isName(name) else { throw .invalidName(.token) }
        if let (text, origin) = try credentialTexts[name]?.get() {
            guard let token = Token(text) else {
                throw .invalid(.token, name: name, origin: origin, reason: "it must be printable ASCII without spaces")
            }
            return token
        }
        if let token = tokens[name] { return token }
        let variable = Self.tokenPrefix + Self.variableSuffix(name)
        if let text = environment[variable].map(Self.trimmed) {
            guard let token = Token(text) else {
                throw .invalid(
                    .token, name: name, origin: variable,
                    reason: "it must be 1 to \(Token.maxLength) printable ASCII characters without spaces")
            }
            return token
        }
        throw .notFound(.token, name: name, searched: searched)
    }

    public func pin(named name: String) throws(SecretError) -> PIN {
        guard SecretShape.isName(name) else { throw .invalidName(.pin) }
        if let (text, origin) = try credentialTexts[name]?.get() {
            guard let pin = PIN(digits: text) else {
                throw .invalid(.pin, name: name, origin: origin, reason: "it must be six digits")
            }
            return pin
        }
        if let pin = pins[name] { return pin }
        let variable = Self.pinPrefix + Self.variableSuffix(name)
        if let text = environment[variable].map(Self.trimmed) {
            guard let pin = PIN(digits: text) else {
                throw .invalid(.pin, name: name, origin: variable, reason: "it must be six digits")
            }
            return pin
        }
        throw .notFound(.pin, name: name, searched: searched)
    }

    public var isAvailable: Bool { credentials != nil || hasFile || !environment.isEmpty }

    public var searched: String {
        let folder = credentials.map { "the credentials in \($0.path)" } ?? "$CREDENTIALS_DIRECTORY (not set)"
        let file = "\(filePath)\(hasFile ? "" : isForbidden ? " (this user may not read it)" : " (no such file)")"
        let restart =
            isHandedOver ? "; credentials are passed when the service starts: after a change, restart it" : ""
        return "\(folder), \(file) and the environment (\(Self.tokenPrefix)<NAME>, \(Self.pinPrefix)<NAME>)"
            + restart
    }

    public var knownTokenNames: [String] {
        (Array(credentialTexts.keys) + tokens.keys).sorted()
    }

    public var knownPINNames: [String] {
        (Array(credentialTexts.keys) + Array(pins.keys)).sorted()
    }

    /// The text of every token and PIN in all places, for searching outputs for them. Never show one.
    public var everySecret: [String] {
        tokens.everySecret + pins.values.map { $0.reveal() } + environment.values.map(Self.trimmed)
            + credentialTexts.values.compactMap(\.known)
    }

    /// Returns the marks of the tokens and PINs in `secrets.yaml`, each under its kind and name, such as "token
    /// support-us"; nil when there is no such file. Without a marker of PINs, marks of tokens alone.
    public func fileMarks(
        token mark: (Token) -> String, pin markOfPIN: ((PIN, String) -> String)?
    ) -> [String: String]? {
        guard hasFile else { return nil }
        var marks: [String: String] = [:]
        for name in tokens.keys { marks["token \(name)"] = tokens[name].map(mark) }
        if let markOfPIN { for (name, pin) in pins { marks["PIN \(name)"] = markOfPIN(pin, name) } }
        return marks
    }

    // MARK: - Helpers

    static let tokenPrefix = "TWOSTEPD_TOKEN_"
    static let pinPrefix = "TWOSTEPD_PIN_"
    /// The prefixes of all environment variables that hold secrets.
    public static let variablePrefixes = [tokenPrefix, pinPrefix]

    /// Returns the end of a variable's name: upper case, with `_` for `-` and `.`.
    static func variableSuffix(_ name: String) -> String {
        String(name.uppercased().map { $0 == "-" || $0 == "." ? "_" : $0 })
    }

    /// Returns the text without the spaces and line breaks around it that editors, `echo` and a careless paste leave.
    static func trimmed(_ text: String) -> String {
        let blanks: [UInt8] = [0x20, 0x09, 0x0A, 0x0D]
        var bytes = text.utf8[...]
        guard let first = bytes.first, let last = bytes.last, blanks.contains(first) || blanks.contains(last) else {
            return text
        }
        while let last = bytes.last, blanks.contains(last) { bytes.removeLast() }
        while let first = bytes.first, blanks.contains(first) { bytes.removeFirst() }
        return String(Substring(bytes))
    }

    /// True when the content of the folder of credentials has not changed since it was read.
    public var hasSameCredentials: Bool {
        credentials.map { Self.texts(in: $0, sealingKey: sealingKey) == credentialTexts } ?? true
    }

    /// Reads the tokens and PINs in the folder of credentials.
    private static func texts(
        in folder: CredentialFolder, sealingKey: SealingKeySource
    ) -> [String: CredentialText] {
        var texts: [String: CredentialText] = [:]
        for name in folder.names(limit: maxCredentials)
        where SecretShape.isName(name) && name != fileName && sealingKey != .credential(name) {
            let origin = folder.path(of: name)
            do throws(SecretError) {
                guard let bytes = try folder.bytes(of: name, limit: largestSecret + 2) else { continue }
                texts[name] = .read(trimmed(String(decoding: bytes, as: UTF8.self)), origin: origin)
            } catch {
                texts[name] = .refused(error)
            }
        }
        return texts
    }
}

/// The text of one credential at the time when the folder was read. It is never shown.
enum CredentialText: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    case read(String, origin: String)
    case refused(SecretError)

    func get() throws(SecretError) -> (text: String, origin: String) {
        switch self {
        case .read(let text, let origin): (text, origin)
        case .refused(let error): throw error
        }
    }

    /// The text; nil for a credential that could not be read.
    var known: String? {
        if case .read(let text, _) = self { text } else { nil }
    }

    var description: String { "CredentialText(redacted)" }
    var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}

extension SecretSources: CustomStringConvertible, CustomReflectable {
    public var description: String { "SecretSources(redacted)" }
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
