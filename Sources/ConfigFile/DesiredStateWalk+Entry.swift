import Planning

extension DesiredStateWalk {
    /// The maximum length of a label, in characters.
    static let maxLabelLength = 64

    /// Reads the entry of `numbers` that begins here; nil when it has no number or no token.
    func entry(at position: Position) throws(YAMLRefusal) -> DesiredNumber? {
        let subject = "an entry of 'numbers'"
        let fields = try reader.fields(at: position, subject: subject, as: EntryKey.self, names: entryNames)
        guard let fields else { return nil }
        let own = choices { fields[$0.inEntry] }
        let vendor = vendor(own)
        let number = phoneNumber(fields)
        let token = tokenName(fields, vendor)
        let id = phoneNumberID(fields, vendor, number)
        let label = fields[.label].flatMap(label)
        let pin = fields[.pin].flatMap(pinName)
        checkObserver(fields, vendor)
        if pin != nil {
            for key in Self.ignoredBesidePIN {
                if let field = fields[key] { warnAboutIgnored(key, at: field.keyPosition) }
            }
        }
        if let vendor, !vendor.capabilities.tokenNamesNumber, let field = fields[.onNewToken] {
            findings.warning(
                field.keyPosition, "'on_new_token' has no effect with vendor \(vendor.rawValue)",
                hint: "with this vendor the phone_number_id decides which number is changed: delete the key")
        }
        var desired = number.flatMap { number in
            token.map { DesiredNumber(number: number, label: label, tokenName: $0.name, tokenMark: $0.mark) }
        }
        desired?.operatorPINName = pin
        applyChoices(own, vendor, id, at: fields.position, into: &desired)
        return desired
    }

    /// Sets the properties of an entry to its own choices, and otherwise to the defaults of the file, of its vendor, or
    /// of the program.
    ///
    /// Rules that depend on the endpoint or the vendor are checked here, also for an entry without a number.
    ///
    /// - Parameters:
    ///   - vendor: nil when it cannot be read.
    ///   - position: the position of the entry.
    func applyChoices(
        _ own: Choices, _ vendor: Vendor?, _ id: Located<PhoneNumberID>?, at position: Position,
        into entry: inout DesiredNumber?
    ) {
        let rotateEvery = own.rotateEvery ?? defaults.rotateEvery
        let reapplyEvery = own.reapplyEvery ?? defaults.reapplyEvery
        let rotateAfterReveal = own.rotateAfterReveal ?? defaults.rotateAfterReveal
        let usesDefault = own.endpoint == nil && !own.hasInvalidEndpoint
        let endpoint = usesDefault ? defaults.endpoint : own.endpoint
        let hasInvalidEndpoint = usesDefault ? defaults.hasInvalidEndpoint : own.hasInvalidEndpoint
        if !hasInvalidEndpoint, !(endpoint?.value.isLoopback ?? false) {
            checkLowerBound(rotateEvery, .rotateEvery, in: Self.rotateRange)
            checkLowerBound(reapplyEvery, .reapplyEvery, in: Self.reapplyRange)
            checkLowerBound(rotateAfterReveal, .rotateAfterReveal, in: Self.revealRange)
        }
        // Without a vendor the file is invalid, and no other rule can be checked.
        guard let vendor else { return }
        checkIsPossible(own, vendor, entry: position)
        var reached: ObserverPlace?
        if !hasInvalidEndpoint,
            let text = self.endpoint(endpoint, isOwn: !usesDefault, vendor, entry: position)
        {
            entry?.endpoint = text
            reached = ObserverPlace(endpoint: text, isLoopback: endpoint?.value.isLoopback ?? false)
        }
        applyObserver(own, vendor, id, reached, into: &entry)
        guard entry != nil else { return }
        entry?.vendor = vendor
        entry?.phoneNumberID = id?.value
        entry?.onNewToken = own.onNewToken ?? defaults.onNewToken ?? .reset
        entry?.verification = (own.verification ?? defaults.verification)?.value ?? .enabled
        if let rotateEvery { entry?.rotateEvery = rotateEvery.value }
        if let reapplyEvery { entry?.reapplyEvery = reapplyEvery.value }
        let method = own.rotationMethod ?? defaults.rotationMethod
        entry?.rotationMethod = method?.value ?? vendor.capabilities.rotationMethod
        entry?.rotationWindow = own.rotationWindow ?? defaults.rotationWindow
        entry?.rotateBefore = own.rotateBefore ?? defaults.rotateBefore
        entry?.rotateAfterReveal = rotateAfterReveal.flatMap(\.value)
    }

    private func phoneNumber(_ fields: FieldReader.Fields<EntryKey>) -> PhoneNumber? {
        guard let field = fields[.number] else {
            findings.error(fields.position, "this entry has no 'number'", hint: "begin it with '- number: \"+…\"'")
            return nil
        }
        // A plain +15550100001 is a whole number to YAML, but its text is exact.
        guard let text = reader.text(field, "a telephone number", accepting: [.text, .integer]) else { return nil }
        guard let number = PhoneNumber(text) else {
            findings.error(
                field.position, "\(VisibleText.quoted(text)) is not a telephone number in E.164 form",
                hint: Self.numberHint(text))
            return nil
        }
        if let line = uniqueness.earlierLine(ofNumber: number, at: field.position) {
            findings.error(
                field.position, "duplicate number \(number): first used on line \(line)",
                hint: "keep one of the two entries")
        }
        return number
    }

    /// Suggests the number without separators, or with the missing `+`.
    private static func numberHint(_ text: String) -> String {
        let digits = text.filter { $0.isASCII && $0.isNumber }
        let candidate = "+" + (text.hasPrefix("00") ? String(digits.dropFirst(2)) : digits)
        let hasLetters = text.contains { $0.isLetter }
        if !hasLetters, PhoneNumber(candidate) != nil { return "did you mean \"\(candidate)\"?" }
        return "write '+', the country code and the number: 7 to 15 digits, without spaces"
    }

    private func tokenName(
        _ fields: FieldReader.Fields<EntryKey>, _ vendor: Vendor?
    ) -> (name: String, mark: String?)? {
        guard let field = fields[.token] else {
            findings.error(fields.position, "this entry has no 'token'", hint: "give it the name of a token")
            return nil
        }
        return tokenName(field).map { token($0, vendor, at: field.position) }
    }

    /// Returns the name of a token; reports an invalid one and returns nil.
    func tokenName(_ field: Field) -> String? {
        let advice =
            "write a name here, and put the token itself in secrets.yaml, in a systemd credential of that name, "
            + "or in the environment (TWOSTEPD_TOKEN_<NAME>)"
        guard let text = reader.text(field, "the name of a token", hint: numericHint(field, advice), showsSource: false)
        else { return nil }
        guard SecretShape.isName(text), !SecretShape.looksLikeToken(text) else {
            findings.error(field.position, "a token must not appear in this file", hint: advice, showsSource: false)
            return nil
        }
        return text
    }

    private func pinName(_ field: Field) -> String? {
        let advice =
            "write a name here, and put the PIN itself in secrets.yaml, in a systemd credential of that name, "
            + "or in the environment (TWOSTEPD_PIN_<NAME>)"
        // Six digits are a whole number to YAML, but a reader takes them for a PIN.
        if let scalar = field.scalar, SecretShape.isPIN(scalar.text) {
            findings.error(field.position, "a PIN must not appear in this file", hint: advice, showsSource: false)
            return nil
        }
        guard let text = reader.text(field, "the name of a PIN", hint: numericHint(field, advice), showsSource: false)
        else { return nil }
        guard SecretShape.isName(text), !SecretShape.looksLikeToken(text) else {
            findings.error(field.position, "this is not the name of a PIN", hint: advice, showsSource: false)
            return nil
        }
        references.checkPIN(text, at: field.position)
        return text
    }

    /// A name that looks like a number may be meant as a name; any other type gets the general advice.
    private func numericHint(_ field: Field, _ advice: String) -> String? {
        guard let scalar = field.scalar else { return advice }
        return scalar.kind == .null ? nil : "put the name in quotes; if this is the secret itself, \(advice)"
    }

    /// Returns true when the text is a valid label.
    static func isLabel(_ text: String) -> Bool {
        let bytes = text.utf8
        // Printable ASCII needs no further checks.
        if bytes.allSatisfy({ (0x20...0x7E).contains($0) }) {
            return (1...maxLabelLength).contains(bytes.count) && bytes.first != Byte.space && bytes.last != Byte.space
        }
        let isPlain = VisibleText.visible(text) == text && !text.contains("\t")
        return (1...maxLabelLength).contains(text.unicodeScalars.count) && isPlain
            && text.first?.isWhitespace == false && text.last?.isWhitespace == false
    }

    private func label(_ field: Field) -> String? {
        guard let text = reader.text(field, "text") else { return nil }
        guard Self.isLabel(text) else {
            findings.error(
                field.position,
                "'label' must be 1 to \(Self.maxLabelLength) visible characters, without spaces at its ends")
            return nil
        }
        if let line = uniqueness.earlierLine(ofLabel: text, at: field.position) {
            findings.error(
                field.position, "duplicate label \(VisibleText.quoted(text)): first used on line \(line)",
                hint: "give each entry its own label, or none")
        }
        return text
    }

    /// Returns a time with its zone; reports an invalid one and returns nil.
    func instant(_ field: Field) -> Instant? {
        let example = "write it as 2026-11-01T00:00:00Z"
        guard let text = reader.text(field, "a time", hint: field.isNull ? nil : example) else { return nil }
        if let instant = Instant(text) { return instant }
        let joined = text.replacing(" ", with: "T", maxReplacements: 1)
        let candidates = [text + "T00:00:00Z", joined, text + "Z", joined + "Z"]
        let meant = candidates.first { Instant($0) != nil }
        findings.error(
            field.position, "'\(field.name)' must be a time with a time zone, but is \(VisibleText.quoted(text))",
            hint: meant.map { "did you mean \($0)?" } ?? example)
        return nil
    }

    /// The keys that have no effect beside `pin`: an operator's PIN rotates when the operator changes it, and at no
    /// other time.
    static let ignoredBesidePIN: [EntryKey] = [.rotateEvery, .rotateBefore, .rotationWindow, .rotateAfterReveal]

    func warnAboutIgnored(_ key: EntryKey, at position: Position) {
        findings.warning(
            position, "'\(key.rawValue)' has no effect together with 'pin'",
            hint: "a PIN of your own changes only when you change its value: delete one of the two keys")
    }
}
