public import ConfigFile
import Foundation
import Planning
import Storage

/// The tokens and PINs of a `secrets.yaml` as marks, which reveal no value: `GET /v1/secret-marks` on the control
/// socket, a line each, such as "token support-us 0f3c…".
struct SecretMarks: Sendable {
    /// By kind and name.
    private(set) var marks: [String: String]

    init(_ marks: [String: String]) { self.marks = marks }

    /// Parses the marks that a daemon has sent.
    init(text: String) {
        marks = [:]
        for line in text.split(separator: "\n") {
            guard let space = line.lastIndex(of: " ") else { continue }
            marks[String(line[..<space])] = String(line[line.index(after: space)...])
        }
    }

    /// The text for ``init(text:)``.
    var text: String {
        var text = ""
        for (name, mark) in marks { text += "\(name) \(mark)\n" }
        return text
    }

    /// Returns how the daemon's marks differ from those of a file; PINs are compared when both have marks of them.
    func differences(fromFile file: SecretMarks) -> [String] {
        let hasPINs = file.marks.keys.contains { $0.hasPrefix("PIN ") }
        var found: [String] = []
        for name in Set(marks.keys).union(file.marks.keys).sorted() where hasPINs || !name.hasPrefix("PIN ") {
            switch (marks[name], file.marks[name]) {
            case (let held?, let said?): if held != said { found.append("\(name) has another value in the file") }
            case (nil, _?): found.append("\(name) is only in the file")
            case (_?, nil): found.append("\(name) is no longer in the file")
            case (nil, nil): break
            }
        }
        return found
    }
}

/// The result of comparing the running daemon's secrets with the files.
public enum SecretsOfDaemon: Sendable {
    /// The secrets are the same; `count` were compared.
    case same(count: Int)
    /// The secrets differ: the difference, and the advice.
    case different(sentence: String, advice: String)
    /// The secrets cannot be compared; the reason.
    case unknown(String)

    /// The limit of differences that are named.
    private static let maxNamed = 5

    /// Compares the secrets that the settings name with those of the daemon that answers at their control socket.
    public static func compare(
        _ view: DaemonView, settings: Settings, environment: [String: String]
    ) async -> SecretsOfDaemon {
        guard view.stateDirectory == settings.stateDirectory else {
            return .unknown("the daemon works on \(view.stateDirectory)")
        }
        var settings = settings
        // A unit passes the secrets file beside its settings, not the default one: an instance has another file.
        if view.secrets.handedOver, settings.secrets == Settings().secrets, let path = view.settingsPath,
            let end = path.lastIndex(of: "/")
        {
            settings.secrets = path[...end] + "secrets.yaml"
        }
        guard let sources = SecretSources.read(settings: settings, environment: environment).value else {
            return .unknown("\(settings.secrets) cannot be read by this user")
        }
        // As in `systemctl reload`: the credentials copied at the start do not show the file's present content.
        guard !view.secrets.handedOver || sources.filePath != view.secrets.path else {
            return .unknown("this command reads the same credentials as the daemon")
        }
        let location = StoreLocation(directory: settings.stateDirectory)
        guard let marker = TokenMarker(at: location) else {
            return .unknown("the store in \(settings.stateDirectory) cannot be read by this user")
        }
        let pins = pinMarker(location, sources, settings)
        let marksOfPINs = pins.map { pins in { (pin: PIN, name: String) in pins.mark(of: pin, named: name) } }
        guard let own = sources.fileMarks(token: { marker.mark(of: $0) }, pin: marksOfPINs) else {
            return .unknown("there is no \(sources.filePath) to compare them with")
        }
        let held: SecretMarks
        do {
            held = try await ControlClient(settings).secretMarks()
        } catch {
            return .unknown("\(error)")
        }
        let differences = held.differences(fromFile: SecretMarks(own))
        guard !differences.isEmpty else { return .same(count: own.count) }
        let more =
            differences.count > maxNamed ? " and \((differences.count - maxNamed).counted("more difference"))" : ""
        return .different(
            sentence: "the daemon does not have the secrets of \(sources.filePath): "
                + differences.prefix(maxNamed).joined(separator: ", ") + more,
            advice: view.secrets.handedOver
                ? "restart the service: `\(view.restartCommand)`; it keeps the secrets that it received at startup"
                : "`twostepd reload`, and see `twostepd status`: a file that is not valid changes nothing")
    }

    /// Returns the marker of PINs. Without the key, PINs are not compared.
    private static func pinMarker(
        _ location: StoreLocation, _ sources: SecretSources, _ settings: Settings
    ) -> OperatorPINMarker? {
        guard let (key, _) = try? StoreKey.forReading(at: location, secrets: sources, settings: settings),
            let reader = try? StoreReader.open(at: location, key: key)
        else { return nil }
        return reader.operatorPINMarker
    }
}
