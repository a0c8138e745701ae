import Planning

/// The observer of an entry: a token that may read whether the number is enabled.
extension DesiredStateWalk {
    /// The base URL of WhatsApp's Cloud API, where numbers are observed.
    private static let observerEndpoint = Vendor.whatsapp.capabilities.endpoint

    /// The name of a token that may observe; nil when it cannot be one, which is reported. Many numbers may share it.
    func observerName(_ field: Field) -> String? {
        let advice = "write the name of a token of WhatsApp's Cloud API here, and the token itself beside the others"
        guard let text = reader.text(field, "the name of a token", hint: advice, showsSource: false) else { return nil }
        guard SecretShape.isName(text), !SecretShape.looksLikeToken(text) else {
            findings.error(field.position, "a token must not stand in this file", hint: advice, showsSource: false)
            return nil
        }
        _ = token(text, .whatsapp, at: field.position)
        return text
    }

    /// Where an observer is asked; nil when it cannot be there, which is reported.
    func observerEndpoint(_ field: Field) -> Located<EndpointText.Accepted>? {
        guard let accepted = endpoint(field, expecting: "an https URL") else { return nil }
        guard accepted.value.base == nil else { return accepted }
        findings.error(
            field.position, "'\(field.name)' must be a base URL, to which the number's id is appended",
            hint: "delete the key: WhatsApp's own is \(Self.observerEndpoint.text)")
        return nil
    }

    /// The observer of an entry; nil when the number is not observed.
    ///
    /// A number whose vendor names it by its id is observed by its own token, unless the entry says otherwise.
    ///
    /// - Parameter isOnLoopback: whether the entry's own endpoint is on this machine.
    func observer(
        _ own: Choices, _ vendor: Vendor, _ id: Located<PhoneNumberID>?, of entry: DesiredNumber?, isOnLoopback: Bool,
        at position: Position
    ) -> Observer? {
        let isOwnToken = !vendor.capabilities.tokenNamesNumber
        let named = isOwnToken ? own.observer : own.observer ?? defaults.observer
        let chosen = own.observerEndpoint ?? (isOwnToken ? nil : defaults.observerEndpoint)
        let hasInvalid =
            own.hasInvalidObserverEndpoint || (own.observerEndpoint == nil && defaults.hasInvalidObserverEndpoint)
        if own.observer != nil, id == nil, !isOwnToken {
            findings.error(
                position, "an entry with an 'observer' needs a 'phone_number_id'",
                hint: "the observer asks by that id: WhatsApp Manager shows it under Account tools, Phone numbers")
        }
        guard named != nil || isOwnToken, let id else { return nil }
        let endpoint = chosen?.value.base ?? (isOwnToken ? entry?.endpoint : nil) ?? Self.observerEndpoint
        let isLocal = chosen?.value.isLoopback ?? (isOwnToken && isOnLoopback)
        if !hasInvalid, !isLocal {
            checkLowerBound(own.observeEvery ?? defaults.observeEvery, .observeEvery, in: Self.observeRange)
        }
        if !isOwnToken, let line = uniqueness.earlierLine(ofID: id.value, endpoint: endpoint, at: id.position) {
            findings.error(
                id.position, "two numbers with the same phone_number_id \(id.value): first on line \(line)",
                hint: "the id decides which number is observed: give each entry its own number's")
        }
        let name = named?.value ?? entry?.tokenName ?? ""
        return name.isEmpty ? nil : Observer(tokenName: name, endpoint: endpoint)
    }
}
