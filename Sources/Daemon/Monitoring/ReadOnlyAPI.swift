import ConfigFile
import Dispatch
import Foundation
import Glibc
import HTTPTypes
import Planning
import Storage

/// Answers requests that only read, on the control socket and on the listener: status, numbers, changes, metrics.
///
/// It reads the store by connections of its own, so the engine's commits do not wait for it at any load.
struct ReadOnlyAPI: Sendable {
    let location: StoreLocation
    let policy: Policy
    /// The path of the desired-state file.
    let desiredState: String
    let since: Instant
    let clock: SystemClock
    let recorder: MetricsRecorder
    let commits: CommitQueue
    /// True when each number has metrics of its own.
    let isPerNumber: Bool

    let digests = DigestCache()

    /// The limit of changes in one answer.
    static let maxPageSize = 1000

    private static let queue = DispatchQueue(label: "twostepd.read-only-api")

    /// Returns the reply to a GET for `call.path`; nil when the path does not exist.
    func reply(to call: LocalServer.Call) async -> LocalServer.Reply? {
        switch call.path {
        case "/metrics":
            let format = Exposition.Format(accept: call.accept)
            return await read { reader, view in
                LocalServer.Reply(
                    status: .ok, contentType: format.contentType, body: try metrics(reader, view).text(format))
            }
        case "/v1/status":
            return await read { reader, view in try status(reader, view) }
        case "/v1/changes":
            return await read { reader, _ in try changes(reader, call.query) }
        case "/": return await read { reader, view in .page(try fleetPage(reader, view).document) }
        case "/page.css":
            return LocalServer.Reply(status: .ok, contentType: "text/css; charset=utf-8", body: PageAssets.style)
        case "/page.js":
            return LocalServer.Reply(
                status: .ok, contentType: "text/javascript; charset=utf-8", body: PageAssets.script)
        default:
            if let name = call.path.dropPrefix("/numbers/") {
                return await read { reader, view in try numberPage(name, reader, view) }
            }
            guard let name = call.path.dropPrefix("/v1/numbers/") else { return nil }
            return await read { reader, view in try number(name, reader, view) }
        }
    }

    /// Returns the summary of the last day.
    func summary() async -> Result<DaySummary, any Error> {
        await readStore { reader, view in try DaySummary(reader, view: view, guards: try guards(reader)) }
    }

    private func status(_ reader: StoreReader, _ view: FleetView) throws -> LocalServer.Reply {
        let guards = try self.guards(reader)
        let document = StatusDocument(
            at: view.now, holder: LockHolder(pid: getpid(), since: since, command: "run"),
            inForce: try reader.desiredStateStatus(), standings: [])
        let stream = StatusStream(isPretty: false)
        let numbers = try view.survey(reader, guards: guards) { stream.piece($0.document) }
        if numbers.count > Self.many { Self.releaseMemory() }
        var text = ""
        text.reserveCapacity(numbers.reduce(1024) { $0 + $1.count + 1 })
        try stream.write(document, numbers) { text += $0 }
        return LocalServer.Reply(status: .ok, contentType: "application/json", body: text + "\n")
    }

    /// Returns freed memory to the system some seconds later: nothing reports that the answer has been written.
    private static func releaseMemory() {
        queue.asyncAfter(deadline: .now() + .seconds(5)) { ProcessMemory.release() }
    }

    /// The count of numbers beyond which the memory for an answer is worth returning.
    private static let many = 10_000

    private func guards(_ reader: StoreReader) throws -> GuardsInForce {
        try GuardsInForce(reader, policy: policy, isRunning: true, at: SystemClock().now())
    }

    private func metrics(_ reader: StoreReader, _ view: FleetView) throws -> MetricsPage {
        let guards = try self.guards(reader)
        return MetricsPage(
            now: view.now, fleet: try digest(reader, view, guards),
            numbers: isPerNumber ? try view.standings(reader, guards: guards) : [],
            size: try reader.size(), oldestHistory: try reader.oldestHistory(), logBytes: reader.logBytes,
            incidents: try reader.incidents(),
            credentialBytes: Credentials(environment: ProcessSecrets.environment)?.bytes, guards: guards,
            desiredState: try reader.desiredStateStatus(), counts: recorder.counts, queueLength: commits.length,
            hooks: try reader.hooks(), drift: try reader.driftCounts())
    }

    private func digest(
        _ reader: StoreReader, _ view: FleetView, _ guards: GuardsInForce
    ) throws(StorageError) -> FleetDigest {
        let (digest, wasCostly) = try digests.digest { () throws(StorageError) in
            try FleetDigest(reader, view: view, guards: guards)
        }
        if wasCostly { Self.releaseMemory() }
        return digest
    }

    private func fleetPage(_ reader: StoreReader, _ view: FleetView) throws -> FleetPage {
        let guards = try self.guards(reader)
        let desiredState = try reader.desiredStateStatus()
        let month = Int64(FleetPage.daysBehind) * 86_400_000
        return FleetPage(
            fleet: try digest(reader, view, guards), guards: guards, desiredState: desiredState,
            heldDifference: try desiredState.held.map { try difference(of: $0, reader, view, guards) } ?? [],
            changesPerDay: try reader.changesPerDay(from: view.now.advanced(by: .milliseconds(-month))))
    }

    /// Lists the numbers that a held file would drop or disable, as long as it is still the current file.
    private func difference(
        of held: DesiredStateStatus.Held, _ reader: StoreReader, _ view: FleetView, _ guards: GuardsInForce
    ) throws -> [String] {
        guard let state = DesiredStateReader.read(path: desiredState).value, state.sha256 == held.sha256
        else {
            return ["the file has changed since"]
        }
        let wanted = Dictionary(
            state.numbers.map { ($0.number, $0.verification) }, uniquingKeysWith: { first, _ in first })
        let lines = try view.survey(reader, guards: guards) { standing -> String? in
            guard let desired = standing.record.desired else { return nil }
            let name = "\(desired.number)" + (desired.label.map { " (\($0))" } ?? "")
            switch (desired.verification, wanted[desired.number]) {
            case (_, nil): return "drop \(name)"
            case (.enabled, .disabled): return "disable \(name)"
            default: return nil
            }
        }
        return lines.prefix(200) + (lines.count > 200 ? ["and \(lines.count - 200) more"] : [])
    }

    private func numberPage(_ name: String, _ reader: StoreReader, _ view: FleetView) throws -> LocalServer.Reply {
        guard let standing = try standing(of: name, reader, view) else { return Self.noNumber }
        let number = standing.record.number
        return .page(
            NumberPage(
                now: view.now, standing: standing, pins: try reader.pins(of: number, limit: 50),
                changes: try reader.history(of: number, limit: 200), events: try changesByOthers(of: number, reader)
            ).document)
    }

    /// Returns the newest reports about a number and drift of it, newest first.
    private func changesByOthers(of number: PhoneNumber, _ reader: StoreReader) throws -> [StoredEvent] {
        var filter = HistoryFilter(number: number)
        filter.kinds = [.observed, .drift]
        let first = try reader.eventID(beforeNewest: NumberPage.maxEvents, matching: filter)
        return try reader.events(matching: filter, after: first, limit: NumberPage.maxEvents).reversed()
    }

    private func standing(of name: String, _ reader: StoreReader, _ view: FleetView) throws -> NumberStatus? {
        try view.standing(named: name.removingPercentEncoding ?? name, reader, guards: try guards(reader))
    }

    private static let noNumber = LocalServer.Reply.text(.notFound, "no such number or label: see /v1/status")

    private func number(_ name: String, _ reader: StoreReader, _ view: FleetView) throws -> LocalServer.Reply {
        guard let standing = try standing(of: name, reader, view) else { return Self.noNumber }
        let number = standing.record.number
        return .document(
            NumberDocument(
                standing, pins: try reader.pins(of: number, limit: 50),
                changes: try reader.history(of: number, limit: 50).reversed()))
    }

    private func changes(_ reader: StoreReader, _ query: [String: String]) throws -> LocalServer.Reply {
        var number: PhoneNumber?
        if let text = query["number"] {
            guard let wanted = PhoneNumber(text) else {
                return .text(.badRequest, "number is E.164, with its + as %2B")
            }
            number = wanted
        }
        guard let limit = Self.integer(query["limit"], or: 100), (1...Int64(Self.maxPageSize)).contains(limit),
            let before = Self.integer(query["before"], or: .max), before > 0
        else { return .text(.badRequest, "limit is 1 to \(Self.maxPageSize), before an id") }
        let page = try reader.history(of: number, limit: Int(limit), before: before)
        return .document(HistoryDocument(page.reversed()))
    }

    private static func integer(_ text: String?, or absent: Int64) -> Int64? {
        guard let text else { return absent }
        return Int64(text)
    }

    private func read(
        _ body: @escaping @Sendable (StoreReader, FleetView) throws -> LocalServer.Reply
    ) async -> LocalServer.Reply {
        switch await readStore(body) {
        case .success(let reply): reply
        case .failure(let error): .text(.serviceUnavailable, "the store cannot be read: \(error)")
        }
    }

    /// Reads the store on a queue of its own, away from the shared threads.
    private func readStore<Value: Sendable>(
        _ body: @escaping @Sendable (StoreReader, FleetView) throws -> Value
    ) async -> Result<Value, any Error> {
        await withCheckedContinuation { continuation in
            Self.queue.async {
                let view = FleetView(location: location, policy: policy, now: clock.now())
                continuation.resume(
                    returning: Result { try body(try StoreReader.open(at: location, key: nil), view) })
            }
        }
    }
}

extension NumberStatus {
    /// Returns true when a number (E.164) or label names this number.
    public func isMeant(by name: String) -> Bool {
        record.number.description == name || record.desired?.label == name
    }
}

extension String {
    fileprivate func dropPrefix(_ prefix: String) -> String? {
        hasPrefix(prefix) && count > prefix.count ? String(dropFirst(prefix.count)) : nil
    }
}
