public import ConfigFile
import Glibc
import Planning
import Storage

extension Doctor {
    /// The result of a search for the key: the key, nil for none, or the error.
    typealias KeySearch = Result<(key: SealingKey, origin: StoreKey.Origin)?, StorageError>

    func findKey(_ secrets: SecretSources) -> KeySearch {
        do throws(StorageError) {
            let found = try StoreKey.forReading(at: location, secrets: secrets, settings: settings)
            return .success(found.map { ($0.0, $0.1) })
        } catch {
            return .failure(error)
        }
    }

    func keyFindings(_ search: KeySearch?) -> [Finding] {
        let needed = StoreReader.keyID(at: location)
        switch search {
        case nil:
            return [Finding("key", .failure, "not checked: the secrets cannot be read", advice: "fix that first")]
        case .failure(let error):
            return [
                Finding(
                    "key", .failure, error.description,
                    advice: "correct what the message names, and run `twostepd doctor` again")
            ]
        case .success(nil):
            guard let needed else {
                return [
                    Finding(
                        "key", .warning, "no key exists: the first start creates one next to the store",
                        advice: GeneratedKey.advice)
                ]
            }
            return [
                Finding(
                    "key", .failure, "no key was found, and the store is sealed under key \(needed)",
                    advice: "restore that key; see `twostepd key --help`")
            ]
        case .success((let key, let origin)?):
            if let needed, needed != key.id {
                return [
                    Finding(
                        "key", .failure, "the store is sealed under key \(needed), and this is key \(key.id)",
                        advice: "restore key \(needed)")
                ]
            }
            let right = needed == nil ? "key \(key.id)" : "key \(key.id) opens the store"
            return [Finding("key", .ok, right), place(of: origin)] + leftovers(origin)
        }
    }

    private func place(of origin: StoreKey.Origin) -> Finding {
        switch origin {
        case .credential(let path): Finding("place", .ok, "a credential, \(path)")
        case .configured(let file) where file.path.hasPrefix(location.directory + "/"):
            Finding("place", .warning, GeneratedKey.warning(file.path), advice: GeneratedKey.advice)
        case .configured(let file): Finding("place", .ok, file.path)
        case .besideStore(let file):
            Finding("place", .warning, GeneratedKey.warning(file.path), advice: GeneratedKey.advice)
        case .generated(let path): Finding("place", .warning, GeneratedKey.warning(path), advice: GeneratedKey.advice)
        }
    }

    private func leftovers(_ origin: StoreKey.Origin) -> [Finding] {
        guard let file = origin.file, access(file.next, F_OK) == 0 else { return [] }
        return [
            Finding(
                "rotation", .warning, "a key rotation was interrupted: \(file.next) exists",
                advice: "run `twostepd key rotate` again; it continues from there")
        ]
    }
}

/// A key that lies beside the store that it seals: a copy of the folder holds both.
public enum GeneratedKey {
    static func warning(_ path: String) -> String {
        "the sealing key \(path) is next to the store: a copy of that folder holds the PINs and their key"
    }

    static let advice =
        "move it elsewhere and name it in sealing_key, or pass it as a credential: "
        + "see `twostepd key generate --help`"

    /// The warning and the advice, when the key that would be used lies beside the store; nil otherwise.
    public static func problem(
        settings: Settings, secrets: SecretSources, environment: [String: String]
    ) -> ConfigProblem? {
        let location = StoreLocation(directory: settings.stateDirectory)
        guard
            case .success(let found?) = Doctor(
                settings: settings, settingsPath: "", environment: environment, now: .distantPast
            ).findKey(secrets), let path = found.origin.file?.path, path.hasPrefix(location.directory + "/")
        else { return nil }
        return ConfigProblem(
            file: path, line: 0, column: 0, severity: .warning, message: warning(path), hint: advice)
    }
}
