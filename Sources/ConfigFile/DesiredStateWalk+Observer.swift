import Planning

/// The rules for observing an entry's number.
extension DesiredStateWalk {
    /// An endpoint at which a number can be observed by its id.
    struct ObserverPlace {
        let endpoint: Endpoint
        let isLoopback: Bool

        init(endpoint: Endpoint, isLoopback: Bool) {
            self.endpoint = endpoint
            self.isLoopback = isLoopback
        }

        /// Creates the place from an observer's endpoint; nil when no id can be appended to it.
        init?(_ accepted: EndpointText.Accepted) {
            guard let base = accepted.base else { return nil }
            self.init(endpoint: base, isLoopback: accepted.isLoopback)
        }
    }

    /// The default endpoint of observers where the entry's own endpoint belongs to another vendor.
    private static let standardObserverEndpoint = Vendor.whatsapp.capabilities.endpoint

    /// The definition of an observer, for hints.
    static let observerAdvice =
        "an observer is a token of WhatsApp's Cloud API that may read the number, such as a system user's"

    // MARK: - Values

    /// Returns the name of an observer's token. A missing token is an error of the file, as for any other token.
    func observerName(_ field: Field) -> String? {
        guard let name = tokenName(field) else { return nil }
        guard sharedTokens[name]?.observerLine == nil else { return name }
        let (position, shown) = (field.position, VisibleText.quoted(name))
        if let line = uniqueness.ownLine(ofTokenName: name) {
            findings.error(
                position, "the observer \(shown) is the token that names the number on line \(line)",
                hint: Self.observerAdvice)
        }
        var shared = sharedToken(name, at: position) { own in
            findings.error(
                position, "the observer \(shown) and the token '\(own.name)' (line \(own.line)) have the same value",
                hint: Self.observerAdvice)
        }
        shared.observerLine = position.line
        sharedTokens[name] = shared
        return name
    }

    /// Returns the base URL of an observer, to which the number's id is appended.
    func observerEndpoint(_ field: Field) -> EndpointText.Accepted? {
        let hint = "write a base URL, such as \(Self.standardObserverEndpoint.text)"
        guard let text = reader.text(field, "an https URL", hint: field.isNull ? nil : hint) else { return nil }
        guard text.contains("://") else {
            findings.error(
                field.position, "'\(field.name)': \(VisibleText.quoted(text)) is not an observer endpoint", hint: hint
            )
            return nil
        }
        guard let accepted = endpoint(text, of: field) else { return nil }
        guard !accepted.hasQuery else {
            findings.error(
                field.position, "'\(field.name)' must not have a query",
                hint: "the number's id is appended to the URL: delete '?' and the text after it")
            return nil
        }
        return accepted
    }

    // MARK: - Entries

    /// Reports an entry with its own observer and without the id that the observer needs. A default observer skips such
    /// entries.
    func checkObserver(_ fields: FieldReader.Fields<EntryKey>, _ vendor: Vendor?) {
        guard let vendor, vendor.capabilities.tokenNamesNumber, let field = fields[.observer],
            fields[.phoneNumberID] == nil
        else { return }
        findings.error(
            field.keyPosition, "'observer' needs the 'phone_number_id' of the entry's number", hint: Self.placeOfID)
    }

    /// Sets the entry's observer, if it has one: the named token, or the entry's own token where that may read numbers.
    ///
    /// Defaults name observers for the vendors whose own tokens cannot observe.
    ///
    /// - Parameter reached: the endpoint of the entry; nil when it cannot be read.
    func applyObserver(
        _ own: Choices, _ vendor: Vendor, _ id: Located<PhoneNumberID>?, _ reached: ObserverPlace?,
        into entry: inout DesiredNumber?
    ) {
        let every = own.observeEvery ?? defaults.observeEvery
        if let every { entry?.observeEvery = every.value }
        let observesItself = !vendor.capabilities.tokenNamesNumber
        let named = observesItself ? own.observer : own.observer ?? defaults.observer
        guard let id, observesItself || named != nil else { return }
        let chosen = observesItself ? own.observerEndpoint : own.observerEndpoint ?? defaults.observerEndpoint
        let standard =
            observesItself ? reached : ObserverPlace(endpoint: Self.standardObserverEndpoint, isLoopback: false)
        let place = chosen.map { $0.value.flatMap(ObserverPlace.init) } ?? standard
        checkIsOnly(id, vendor, reached, place)
        guard let place else { return }
        if !place.isLoopback { checkLowerBound(every, .observeEvery, in: Self.observeRange) }
        if let token = named ?? entry?.tokenName {
            entry?.observer = Observer(tokenName: token, endpoint: place.endpoint)
        }
    }

    /// Refuses an id that an earlier entry has at the same endpoint: one of the two entries would act on the other's
    /// number.
    private func checkIsOnly(
        _ id: Located<PhoneNumberID>, _ vendor: Vendor, _ reached: ObserverPlace?, _ place: ObserverPlace?
    ) {
        let changed = vendor.capabilities.tokenNamesNumber ? nil : reached?.endpoint
        let observed = place?.endpoint == changed ? nil : place?.endpoint
        let isChanged = changed.flatMap { uniqueness.earlierLine(ofID: id.value, endpoint: $0, at: id.position) }
        let isObserved = observed.flatMap { uniqueness.earlierLine(ofID: id.value, endpoint: $0, at: id.position) }
        guard let line = isChanged ?? isObserved else { return }
        findings.error(
            id.position, "two numbers with the same phone_number_id \(id.value): first on line \(line)",
            hint: "the id decides which number is \(isChanged != nil ? "changed" : "observed"): "
                + "give each entry the id of its own number")
    }
}
