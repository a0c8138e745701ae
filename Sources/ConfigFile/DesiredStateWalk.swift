import Planning

/// Reads one desired state from the events of its file, entry by entry.
final class DesiredStateWalk {
    typealias Position = Findings.Position
    typealias Field = FieldReader.Field

    /// A value and its position.
    struct Located<Value> {
        let value: Value
        let position: Position
    }

    /// The choices in `defaults` or in an entry; nil where there is no choice, or an invalid one.
    struct Choices {
        var vendor: Vendor?
        /// True when the vendor is invalid; rules that depend on it are then skipped.
        var hasInvalidVendor = false
        var onNewToken: NewTokenRule?
        var endpoint: Located<EndpointText.Accepted>?
        /// True when the endpoint could not be read, so that no bound can depend on it.
        var hasInvalidEndpoint = false
        /// The inner value is nil when it could not be read, so that no default replaces it.
        var verification: Located<Verification?>?
        var rotateEvery: Located<Duration?>?
        var reapplyEvery: Located<Duration?>?
        /// The inner value is nil when it could not be read, so that no default replaces it.
        var rotationMethod: Located<RotationMethod?>?
        var rotationWindow: RotationWindow?
        var rotateBefore: Instant?
        var rotateAfterReveal: Located<Duration?>?
        /// The name of the token that observes the number.
        var observer: String?
        /// The inner value is nil when it could not be read, so that no default replaces it.
        var observerEndpoint: Located<EndpointText.Accepted?>?
        var observeEvery: Located<Duration?>?
    }

    /// A token that many numbers may use.
    struct SharedToken {
        /// The mark of its value; nil when it is not known.
        var mark: String?
        /// The first line that names it as an observer; nil when no line does.
        var observerLine: Int?
    }

    /// The rotation period above which a warning is given.
    static let longRotation: Duration = .seconds(180 * 86_400)
    /// The bounds of `rotate_every`; on loopback the lower one is ``lowestOnLoopback``.
    static let rotateRange = FieldReader.DurationRange(lowest: .seconds(3600), highest: .seconds(365 * 86_400))
    /// The bounds of `reapply_every`; on loopback the lower one is ``lowestOnLoopback``.
    static let reapplyRange = FieldReader.DurationRange(lowest: .seconds(600), highest: .seconds(30 * 86_400))
    /// The bounds of `rotate_after_reveal`; on loopback the lower one is ``lowestOnLoopback``.
    static let revealRange = FieldReader.DurationRange(lowest: .seconds(60), highest: .seconds(30 * 86_400))
    /// The bounds of `observe_every`; when the observer is on loopback the lower one is ``lowestOnLoopback``.
    static let observeRange = FieldReader.DurationRange(lowest: .seconds(600), highest: .seconds(30 * 86_400))
    /// The lower bound on loopback, so that a demo, a test or a rehearsal can run fast.
    static let lowestOnLoopback: Duration = .seconds(1)

    let reader: FieldReader
    let references: ReferenceChecker
    /// Makes the mark of a token's value; nil when no marks are requested.
    let mark: ((Token) -> String)?
    var findings: Findings { reader.findings }
    var defaults: Choices
    /// The defaults, when they came after the entries, which were then read without them.
    private(set) var lateDefaults: Choices?
    var uniqueness = UniquenessChecker()
    /// The tokens that many numbers may share, by name.
    var sharedTokens: [String: SharedToken] = [:]
    let entryNames = KeyNames<EntryKey>()
    /// True when the entries are read with defaults from an earlier pass.
    private let hasDefaults: Bool
    private var endpoints: [String: Result<EndpointText.Accepted, EndpointText.Refusal>] = [:]
    private var windows: [String: RotationWindow] = [:]
    /// The problems of time zones, each with a hint. Each zone is looked up once.
    private var zoneRefusals: [String: (message: String, hint: String)] = [:]
    /// The positions of values that were already reported: a default is checked once for each number to which it
    /// applies.
    var reportedPlaces: Set<Position> = []

    init(
        reader: FieldReader, secrets: (any SecretLookup)?, references: ReferenceCheck,
        mark: ((Token) -> String)? = nil, defaults: Choices? = nil
    ) {
        self.reader = reader
        self.defaults = defaults ?? Choices()
        hasDefaults = defaults != nil
        self.mark = mark
        self.references = ReferenceChecker(secrets: secrets, check: references, findings: reader.findings)
    }

    /// Returns the numbers of the file; nil when it has no list of them. Problems are added to the findings.
    func numbers() throws(YAMLRefusal) -> [DesiredNumber]? {
        let top = Position(line: 1, column: 1)
        guard try reader.hasContent() else {
            findings.error(
                top, "the file has no content",
                hint: "it needs 'version: 1' and a list 'numbers'; an empty file never disables anything")
            return nil
        }
        var numbers: [DesiredNumber]?
        var hasNumbers = false
        let fields = try reader.fields(at: top, subject: "the file", as: RootKey.self) {
            key, place throws(YAMLRefusal) in
            switch key {
            case .version: return false
            case .defaults:
                guard !reader.isNull else { return false }
                guard let found = try readDefaults(place) else { return true }
                if hasNumbers, !hasDefaults { lateDefaults = found }
                defaults = found
            case .numbers:
                hasNumbers = true
                numbers = try readNumbers(place)
            }
            return true
        }
        guard let fields else { return nil }
        checkVersion(fields)
        if !hasNumbers {
            findings.error(
                fields.position, "the list 'numbers' is missing",
                hint: "a file without it never disables anything; is the file truncated?")
        }
        return numbers
    }

    /// Returns the defaults alone, for a file whose entries were not read to the end; nil when it has no defaults.
    func defaultsAlone() throws(YAMLRefusal) -> Choices? {
        var found: Choices?
        _ = try reader.fields(at: .wholeFile, subject: "the file", as: RootKey.self) {
            key, place throws(YAMLRefusal) in
            switch key {
            case .version: return false
            case .defaults:
                guard !reader.isNull else { return false }
                found = try readDefaults(place)
            case .numbers: try reader.events.skip()
            }
            return true
        }
        return found
    }

    private func checkVersion(_ fields: FieldReader.Fields<RootKey>) {
        guard let field = fields[.version] else {
            findings.error(fields.position, "'version' is missing", hint: "begin the file with 'version: 1'")
            return
        }
        guard let scalar = field.scalar, scalar.kind == .integer else {
            findings.error(field.position, "'version' must be the number 1", hint: "write 'version: 1'")
            return
        }
        guard scalar.text != "1" else { return }
        findings.error(
            field.position, "unknown version \(VisibleText.quoted(scalar.text)) of the file",
            hint: "this program reads version 1")
    }

    private func readDefaults(_ place: FieldReader.Place) throws(YAMLRefusal) -> Choices? {
        let elsewhere = Dictionary(
            uniqueKeysWithValues: [EntryKey.number, .label, .token, .pin, .phoneNumberID].map {
                ($0.rawValue, "'\($0.rawValue)' belongs in each entry of 'numbers'")
            })
        let fields = try reader.fields(
            at: place.position, subject: "'defaults'", as: DefaultKey.self, elsewhere: elsewhere)
        return fields.map { fields in choices { fields[$0] } }
    }

    private func readNumbers(_ place: FieldReader.Place) throws(YAMLRefusal) -> [DesiredNumber]? {
        guard reader.events.kind == .list else {
            let isNull = reader.isNull
            let value = try reader.value()
            guard !isNull else { return reportEmpty(place) }
            findings.error(
                place.keyPosition, "'numbers' must be a list, but is \(value.kind)",
                hint: "begin each entry with '- number: …'")
            return nil
        }
        var numbers: [DesiredNumber] = []
        var count = 0
        let begin = reader.events.offset
        try reader.forEachItem { position throws(YAMLRefusal) in
            if count == 0 { references.begin(at: place.keyPosition) }
            count += 1
            if count == FieldReader.sample {
                let estimate = reader.estimate(since: begin)
                numbers.reserveCapacity(estimate)
                uniqueness.reserve(estimate)
            }
            if let number = try entry(at: position) { numbers.append(number) }
        }
        return count > 0 ? numbers : reportEmpty(place)
    }

    private func reportEmpty(_ place: FieldReader.Place) -> [DesiredNumber]? {
        findings.error(
            place.keyPosition, "'numbers' is empty",
            hint: "an empty list never disables anything: to disable a number, keep its entry with "
                + "'verification: disabled'")
        return nil
    }

    // MARK: - Values that defaults and entries share

    /// Reads the fields that `field` returns for each key.
    func choices(_ field: (DefaultKey) -> Field?) -> Choices {
        var choices = Choices()
        if let field = field(.vendor) {
            choices.vendor = reader.choice(field, as: Vendor.self)
            choices.hasInvalidVendor = choices.vendor == nil
        }
        choices.onNewToken = field(.onNewToken).flatMap { reader.choice($0, as: NewTokenRule.self) }
        if let field = field(.endpoint) {
            choices.endpoint = endpoint(field)
            choices.hasInvalidEndpoint = choices.endpoint == nil
        }
        choices.verification = field(.verification).map { choice($0, as: Verification.self) }
        choices.rotationMethod = field(.rotationMethod).map { choice($0, as: RotationMethod.self) }
        choices.rotateEvery = field(.rotateEvery).flatMap { period($0, in: Self.rotateRange) }
        if let period = choices.rotateEvery, let value = period.value, Self.isLong(period) {
            findings.warning(
                period.position, "a PIN that lives for \(value.periodText) may become known to many people",
                hint: "90d is usual; longer than \(Self.longRotation.periodText) is rarely intended")
        }
        choices.reapplyEvery = field(.reapplyEvery).flatMap { period($0, in: Self.reapplyRange) }
        choices.rotationWindow = field(.rotationWindow).flatMap(window)
        choices.rotateBefore = field(.rotateBefore).flatMap(instant)
        choices.rotateAfterReveal = field(.rotateAfterReveal).flatMap { period($0, in: Self.revealRange) }
        choices.observer = field(.observer).flatMap(observerName)
        choices.observerEndpoint = field(.observerEndpoint).map {
            Located(value: observerEndpoint($0), position: $0.position)
        }
        choices.observeEvery = field(.observeEvery).flatMap { period($0, in: Self.observeRange) }
        return choices
    }

    private func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ field: Field, as type: Choice.Type
    ) -> Located<Choice?> {
        Located(value: reader.choice(field, as: type), position: field.position)
    }

    /// Returns true when a rotation period deserves a warning.
    static func isLong(_ period: Located<Duration?>) -> Bool { period.value.map { $0 > longRotation } ?? false }

    /// Checks the widest bounds here; the lower bound off loopback is checked when the endpoint is known.
    private func period(_ field: Field, in range: FieldReader.DurationRange) -> Located<Duration?>? {
        let widest = range.loweredOnLoopback(to: Self.lowestOnLoopback)
        return reader.period(field, in: widest).map { Located(value: $0, position: field.position) }
    }

    /// Refuses a period below its lower bound, for a number whose endpoint, or observer, is not on loopback.
    func checkLowerBound(
        _ period: Located<Duration?>?, _ key: DefaultKey, in range: FieldReader.DurationRange
    ) {
        guard let period, let value = period.value, value < range.lowest,
            reportedPlaces.insert(period.position).inserted
        else { return }
        findings.error(
            period.position, "'\(key.rawValue)' must be \(range.text) or never, but is \(value.periodText)",
            hint:
                "only a number whose \(key == .observeEvery ? "observer" : "endpoint") is on loopback may have a shorter "
                + "period, from 1s")
    }

    private func endpoint(_ field: Field) -> Located<EndpointText.Accepted>? {
        guard let text = reader.text(field, "v4, legacy or an https URL") else { return nil }
        return endpoint(text, of: field).map { Located(value: $0, position: field.position) }
    }

    /// Returns the endpoint in `text`; reports an invalid one and returns nil.
    func endpoint(_ text: String, of field: Field) -> EndpointText.Accepted? {
        let result: Result<EndpointText.Accepted, EndpointText.Refusal>
        if let known = endpoints[text] {
            result = known
        } else {
            result = Result { () throws(EndpointText.Refusal) in try EndpointText.read(text) }
            endpoints[text] = result
        }
        switch result {
        case .success(let accepted): return accepted
        case .failure(let refusal):
            findings.error(
                field.position, "'\(field.name)': \(refusal.message)", hint: refusal.hint,
                showsSource: !refusal.isSecret)
            return nil
        }
    }

    private func refusal(ofZone name: String) -> (message: String, hint: String)? {
        if let known = zoneRefusals[name] { return known }
        do throws(TimeZoneFault) {
            _ = try SystemTimeZones.shared.offsets(of: name)
            return nil
        } catch {
            zoneRefusals[name] = (error.description, error.hint)
            return zoneRefusals[name]
        }
    }

    private func window(_ field: Field) -> RotationWindow? {
        let hint = field.isNull ? "for any time, write \"daily 00:00-24:00 UTC\"" : nil
        guard let text = reader.text(field, "days, hours and a time zone", hint: hint) else { return nil }
        if let window = windows[text] { return window }
        do throws(RotationWindowError) {
            let window = try RotationWindow(parsing: text)
            if let refusal = refusal(ofZone: window.zone) {
                findings.error(field.position, refusal.message, hint: refusal.hint)
                return nil
            }
            windows[text] = window
            return window
        } catch {
            findings.error(
                field.position, "'\(field.name)': \(VisibleText.visible(error.description, limit: 240))",
                hint: "write it as \"Mon-Fri 09:00-17:00 Europe/Rome\"")
            return nil
        }
    }
}
