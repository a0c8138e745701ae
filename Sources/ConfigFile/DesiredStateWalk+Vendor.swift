import Planning

/// The rules for an entry that depend on its vendor's capabilities.
extension DesiredStateWalk {
    /// Returns the vendor of an entry; nil when it cannot be read, so that no rule can depend on it.
    func vendor(_ own: Choices) -> Vendor? {
        if let vendor = own.vendor { return vendor }
        guard !own.hasInvalidVendor, !defaults.hasInvalidVendor else { return nil }
        return defaults.vendor ?? .pickyAssist
    }

    // MARK: - Which number a request changes

    /// Returns the token of an entry: a token of its own where it names the number, otherwise one that many entries may
    /// share.
    func token(_ name: String, _ vendor: Vendor?, at position: Position) -> (name: String, mark: String?) {
        switch vendor?.capabilities.tokenNamesNumber {
        case true?: return (name, markOfOwnToken(name, at: position))
        case false?: return (name, markOfSharedToken(name, at: position))
        case nil:
            _ = references.token(name, at: position)
            return (name, nil)
        }
    }

    private func markOfOwnToken(_ name: String, at position: Position) -> String? {
        if let line = uniqueness.earlierLine(ofTokenName: name, at: position) {
            findings.error(
                position, "two numbers with the same token \(VisibleText.quoted(name)): first on line \(line)",
                hint: "the token alone decides which number is changed: give each number its own")
            return nil
        }
        if !sharedTokens.isEmpty, sharedTokens[name] != nil { reportShared(name, at: position) }
        guard let token = references.token(name, at: position) else { return nil }
        if let earlier = uniqueness.earlierName(ofToken: token, name: name, at: position) {
            findings.error(
                position, "the tokens '\(name)' and '\(earlier.name)' (line \(earlier.line)) have the same value",
                hint: "the token alone decides which number is changed: give each number its own")
        }
        if let shared = uniqueness.sharedName(ofToken: token), shared.name != name {
            reportShared(name, shared, at: position)
        }
        return mark?(token)
    }

    private func markOfSharedToken(_ name: String, at position: Position) -> String? {
        if sharedTokens[name] == nil, uniqueness.ownLine(ofTokenName: name) != nil {
            warnAboutTwoVendors(name, at: position)
        }
        return sharedToken(name, at: position) { warnAboutTwoVendors(name, $0, at: position) }.mark
    }

    /// Looks up a shared token, and reports its problems, once.
    ///
    /// - Parameter report: receives the token of another name that has the same value and names a number.
    func sharedToken(
        _ name: String, at position: Position, ifOwn report: ((name: String, line: Int)) -> Void
    ) -> SharedToken {
        if let known = sharedTokens[name] { return known }
        var shared = SharedToken()
        if let token = references.token(name, at: position) {
            shared.mark = mark?(token)
            if let own = uniqueness.ownName(ofToken: token), own.name != name { report(own) }
            uniqueness.addShared(token, name: name, at: position)
        }
        sharedTokens[name] = shared
        return shared
    }

    /// Reports a token that names a number and is shared as well, under its own name or under the name of `other`.
    private func reportShared(_ name: String, _ other: (name: String, line: Int)? = nil, at position: Position) {
        guard let line = sharedTokens[other?.name ?? name]?.observerLine else {
            return warnAboutTwoVendors(name, other, at: position)
        }
        findings.error(
            position,
            other.map { "the token '\(name)' and the observer '\($0.name)' (line \(line)) have the same value" }
                ?? "the token \(VisibleText.quoted(name)) decides which number is changed, and is an observer on line \(line)",
            hint: Self.observerAdvice)
    }

    private func warnAboutTwoVendors(_ name: String, _ other: (name: String, line: Int)? = nil, at position: Position) {
        let subject =
            other.map { "the tokens '\(name)' and '\($0.name)' (line \($0.line)) have the same value, and" }
            ?? "the token \(VisibleText.quoted(name))"
        findings.warning(
            position, "\(subject) \(other == nil ? "serves" : "serve") numbers of two vendors",
            hint: "a token works with one vendor only: check which of the numbers it was made for")
    }

    /// Returns the id of an entry's number, which the vendor may need.
    func phoneNumberID(
        _ fields: FieldReader.Fields<EntryKey>, _ vendor: Vendor?, _ number: PhoneNumber?
    ) -> Located<PhoneNumberID>? {
        guard let field = fields[.phoneNumberID] else {
            if let vendor, !vendor.capabilities.tokenNamesNumber {
                let entry = number.map { "the entry of \($0)" } ?? "this entry"
                findings.error(
                    fields.position, "\(entry) has no 'phone_number_id', which vendor \(vendor.rawValue) needs",
                    hint: Self.placeOfID)
            }
            return nil
        }
        // Plain digits are a whole number to YAML, but their text is exact.
        guard
            let text = reader.text(
                field, "the id of a number", accepting: [.text, .integer], hint: Self.idHint(field.scalar?.text))
        else { return nil }
        guard let id = PhoneNumberID(text) else {
            findings.error(
                field.position,
                "\(VisibleText.quoted(text)) is not the id of a number: an id has 1 to 19 digits and no leading 0",
                hint: Self.idHint(text))
            return nil
        }
        if let number, "+\(id)" == number.description {
            findings.error(field.position, "this is the telephone number, not its id", hint: Self.placeOfID)
            return nil
        }
        return Located(value: id, position: field.position)
    }

    static let placeOfID =
        "WhatsApp Manager shows it under Account tools, Phone numbers; it is not the telephone number"

    private static func idHint(_ text: String?) -> String {
        let isRounded = text.map { $0.uppercased().contains("E+") } ?? false
        return isRounded ? "a spreadsheet has rounded it: format that column as text, and copy the id again" : placeOfID
    }

    // MARK: - What the vendor can do

    /// Refuses choices of an entry, or defaults that apply to it, which its vendor does not support.
    ///
    /// - Parameter entry: the position of the entry.
    func checkIsPossible(_ own: Choices, _ vendor: Vendor, entry: Position) {
        guard !vendor.capabilities.canDisable else { return }
        let reason = "with vendor \(vendor.rawValue): its API has no request that disables"
        if let verification = own.verification ?? defaults.verification, verification.value == .disabled {
            let isOwn = own.verification != nil
            refuse(
                verification.position, "'verification: disabled' is not possible \(reason)", isOwn: isOwn, entry,
                hint: "turn it off in WhatsApp Manager and delete the entry, or leave it enabled"
                    + (isOwn ? "" : ": write 'verification: enabled' in the entry"))
        }
        if let method = own.rotationMethod ?? defaults.rotationMethod, method.value == .reset {
            let isOwn = own.rotationMethod != nil
            refuse(
                method.position, "'rotation_method: reset' is not possible \(reason)", isOwn: isOwn, entry,
                hint: isOwn
                    ? "write replace, or delete the key: replace is this vendor's default"
                    : "write 'rotation_method: replace' in the entry, or delete the key here: "
                        + "each vendor has its own default")
        }
    }

    /// Returns the endpoint of an entry in the form that its vendor needs; the vendor's default when the entry has no
    /// endpoint.
    func endpoint(
        _ accepted: Located<EndpointText.Accepted>?, isOwn: Bool, _ vendor: Vendor, entry: Position
    ) -> Endpoint? {
        let standard = vendor.capabilities.endpoint
        guard let accepted else { return standard }
        // A vendor whose own endpoint has a name accepts any endpoint; the others append the number's id to a base URL.
        guard case .url(let url) = standard else { return accepted.value.endpoint }
        if let base = accepted.value.base { return base }
        if accepted.value.hasQuery {
            refuse(
                accepted.position, "an endpoint of vendor \(vendor.rawValue) must not have a query", isOwn: isOwn,
                entry,
                hint: "the number's id is appended to the URL: delete '?' and the text after it")
        } else {
            refuse(
                accepted.position,
                "'\(accepted.value.endpoint.text)' is not an endpoint of vendor \(vendor.rawValue)", isOwn: isOwn,
                entry,
                hint: isOwn
                    ? "delete the key: the vendor's default is \(url)"
                    : "delete the key here: each vendor has its own default, \(vendor.rawValue) \(url)")
        }
        return nil
    }

    /// Adds an error at a value, once; an error in `defaults` names the first entry to which the default applies.
    private func refuse(
        _ position: Position, _ message: String, isOwn: Bool, _ entry: Position, hint: @autoclosure () -> String
    ) {
        guard reportedPlaces.insert(position).inserted else { return }
        findings.error(
            position, isOwn ? message : "\(message) (the entry on line \(entry.line) uses this default)", hint: hint())
    }
}
