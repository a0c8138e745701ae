import Planning

/// Looks up the names of tokens and PINs, as strictly as the caller requested.
final class ReferenceChecker {
    private let secrets: (any SecretLookup)?
    private let check: ReferenceCheck
    private let findings: Findings
    /// True when names are looked up at all.
    private let isFollowing: Bool
    private lazy var knownTokenNames = secrets?.knownTokenNames ?? []
    private lazy var knownPINNames = secrets?.knownPINNames ?? []

    init(secrets: (any SecretLookup)?, check: ReferenceCheck, findings: Findings) {
        self.secrets = secrets
        self.check = check
        self.findings = findings
        switch check {
        case .none: isFollowing = false
        case .warnIfNoSource: isFollowing = secrets?.isAvailable ?? false
        case .required: isFollowing = true
        }
    }

    /// Warns once per file that names are not looked up, if the caller requested that warning.
    func begin(at position: Findings.Position) {
        guard check == .warnIfNoSource, !isFollowing else { return }
        let searched = secrets.map { ": looked in \($0.searched)" } ?? ""
        findings.warning(
            position, "names of tokens and PINs could not be checked, because no secrets were found\(searched)")
    }

    /// Returns the token of a name; nil when names are not looked up, or when the token is not available, which is
    /// reported.
    func token(_ name: String, at position: Findings.Position) -> Token? {
        guard isFollowing else { return nil }
        guard let secrets else {
            noSource(.token, position)
            return nil
        }
        do throws(SecretError) {
            return try secrets.token(named: name)
        } catch {
            report(error, name, known: knownTokenNames, at: position)
            return nil
        }
    }

    /// Reports a PIN that is not available, and warns about a weak one.
    func checkPIN(_ name: String, at position: Findings.Position) {
        guard isFollowing else { return }
        guard let secrets else { return noSource(.pin, position) }
        do throws(SecretError) {
            guard PINGenerator.isWeak(try secrets.pin(named: name)) else { return }
            findings.warning(
                position, "the PIN with this name is easy to guess",
                hint: "choose one without repeated digits, sequences or dates")
        } catch {
            report(error, name, known: knownPINNames, at: position)
        }
    }

    private func noSource(_ kind: SecretKind, _ position: Findings.Position) {
        findings.error(position, "this \(kind.rawValue) cannot be found: there is no source of secrets to search")
    }

    private func report(_ error: SecretError, _ name: String, known: [String], at position: Findings.Position) {
        let near: String? =
            if case .notFound = error { NearestName.hint(for: name, among: known) } else { nil }
        findings.error(position, error.description, hint: near)
    }
}
