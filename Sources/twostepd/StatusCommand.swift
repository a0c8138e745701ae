import ArgumentParser
import ConfigFile
import Daemon
import Planning
import Storage

/// `twostepd status`.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show how every number stands: exposed and failing ones first.",
        discussion: """
            Examples:
              twostepd status
              twostepd status support-us
              twostepd status --format json
            """
    )

    @OptionGroup var config: ConfigOptions
    @OptionGroup var output: FormatOptions
    @Argument(help: "One number (E.164) or label.", completion: NumberCompletion.kind)
    var number: String?

    func run() throws {
        let settings = try config.settings()
        let fleet = FleetReader(settings: settings, environment: config.environment, now: SystemClock().now())
        let reader = try fleet.open()
        let guards = try reader.map { try fleet.guards($0) } ?? GuardsInForce()
        let all = try reader.map { try fleet.standings($0, guards: guards) } ?? []
        let shown = number.map { wanted in all.filter { Self.matches($0.record, wanted) } } ?? all
        if let number, shown.isEmpty {
            throw Failure.failed("\(number) is not in the store \(fleet.location.database): see `twostepd status`")
        }
        let inForce = try reader.map { try Self.inForce($0) }
        let holder = try Self.holder(fleet.location)
        switch output.format {
        case .json:
            try JSONOutput.print(StatusDocument(at: fleet.now, holder: holder, inForce: inForce, standings: shown))
        case .text:
            StatusText(fleet: fleet, holder: holder, inForce: inForce, guards: guards, standings: shown)
                .print(details: number != nil, reader: reader)
        }
    }

    static func matches(_ record: NumberRecord, _ wanted: String) -> Bool {
        record.number.description == wanted || record.desired?.label == wanted
    }

    /// What the store says of the desired state.
    static func inForce(_ reader: StoreReader) throws -> DesiredStateStatus {
        do { return try reader.desiredStateStatus() } catch { throw Failure(error) }
    }

    private static func holder(_ location: StoreLocation) throws -> LockHolder? {
        do { return try StoreLock.holder(at: location) } catch { throw Failure(error) }
    }
}
