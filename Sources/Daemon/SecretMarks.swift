public import ConfigFile
import Foundation
import Planning
import Storage

/// The tokens and PINs of a `secrets.yaml` as marks, from which no value can be told: `GET /v1/secret-marks` on the control
/// socket, a line each, such as "token support-us 0f3c…".
struct SecretMarks: Sendable {
    /// By kind and name.
    private(set) var marks: [String: String]

    init(_ marks: [String: String]) { self.marks = marks }

    /// The marks that a daemon has sent.
    init(text: String) {
        marks = [:]
        for line in text.split(separator: "\n") {
            guard let space = line.lastIndex(of: " ") else { continue }
            marks[String(line[..<space])] = String(line[line.index(after: space)...])
        }
    }

    /// For ``init(text:)``.
    var text: String {
        var text = ""
        for (name, mark) in marks { text += "\(name) \(mark)\n" }
        return text
    }

    /// How the daemon's differ from what a file says now; PINs count where both have marks of them.
    func differences(fromFile file: SecretMarks) -> [String] {
        let hasPINs = file.marks.keys.contains { $0.hasPrefix("PIN ") }
        var found: [String] = []
        for name in Set(marks.keys).union(file.marks.keys).sorted() where hasPINs || !name.hasPrefix("PIN ") {
            switch (marks[name], file.marks[name]) {
            case (let held?, let said?): if held != said { found.append("\(name) has another value in the file") }
            case (nil, _?): found.append("\(name) is in the file alone")
            case (_?, nil): found.append("\(name) is no longer in the file")
            case (nil, nil): break
            }
        }
        return found
    }
}

/// Whether the running daemon has the secrets that the files say.
public enum SecretsOfDaemon: Sendable {
    /// It has these, so many of which were compared.
    case same(count: Int)
    /// How they differ, and what to do.
    case different(sentence: String, advice: String)
    /// They cannot be compared; why.
    case unknown(String)

    /// How many differences are named.
    private static let maxNamed = 5

    /// Compares the secrets that the settings name with those of the daemon that answers at their control socket.
    public static func compare(
        _ view: DaemonView, settings: Settings, environment: [String: String]
    ) async -> SecretsOfDaemon {
        guard view.stateDirectory == settings.stateDirectory else {
            return .unknown("the daemon works on \(view.stateDirectory)")
        }
        var settings = settings
        // A unit hands over the secrets beside its settings, wherever the default is: that of an instance is another file.
        if view.secrets.handedOver, settings.secrets == Settings().secrets, let path = view.settingsPath,
            let end = path.lastIndex(of: "/")
        {
            settings.secrets = path[...end] + "secrets.yaml"
        }
        guard let sources = SecretSources.read(settings: settings, environment: environment).value else {
            return .unknown("\(settings.secrets) cannot be read by this user")
        }
        // As in `systemctl reload`: a copy of the start says nothing about the file that it was made of.
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
                ? "restart the service: `systemctl restart twostepd`; it was handed its secrets at the start, and keeps those"
                : "`twostepd reload`, and see `twostepd status`: a file that is not valid changes nothing")
    }

    /// Without the key, PINs are not compared.
    private static func pinMarker(
        _ location: StoreLocation, _ sources: SecretSources, _ settings: Settings
    ) -> OperatorPINMarker? {
        guard let (key, _) = try? StoreKey.forReading(at: location, secrets: sources, settings: settings),
            let reader = try? StoreReader.open(at: location, key: key)
        else { return nil }
        return reader.operatorPINMarker
    }
}
