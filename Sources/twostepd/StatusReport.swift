import Daemon
import Planning
import Storage

/// A status as text or JSON, of all numbers or of those that were asked for.
struct StatusReport {
    let fleet: FleetReader
    let selection: NumberSelection
    var isAbsolute = false

    /// The text, line by line.
    func lines(width: Int, colours: Bool) throws -> [String] {
        let reader = try fleet.open()
        var snapshot = try StatusSnapshot.read(fleet, reader)
        if let name = selection.oneName, let reader {
            return try lines(of: name, snapshot, reader, width: width, colours: colours)
        }
        let text = StatusText(snapshot: snapshot, isAbsolute: isAbsolute)
        let rows = try snapshot.survey(fleet, reader: reader, selection: selection) { text.row($0) }
        return StatusText(snapshot: snapshot, isAbsolute: isAbsolute).lines(rows, width: width, colours: colours)
    }

    private func lines(
        of name: String, _ snapshot: StatusSnapshot, _ reader: StoreReader, width: Int, colours: Bool
    ) throws -> [String] {
        let standing = try fleet.standing(named: name, reader, guards: snapshot.guards)
        try selection.requireAll(standing == nil ? [] : [name], in: fleet.location)
        guard let standing else { return [] }
        return try NumberText(
            standing, snapshot: snapshot, policy: fleet.policy, reader: reader, isAbsolute: isAbsolute
        ).lines(width: width, colours: colours)
    }

    /// Prints the JSON document.
    func printJSON() throws {
        let reader = try fleet.open()
        var snapshot = try StatusSnapshot.read(fleet, reader)
        let stream = StatusStream(isPretty: true)
        let numbers = try snapshot.survey(fleet, reader: reader, selection: selection) { stream.piece($0.document) }
        try stream.write(snapshot.document, numbers) { Console.print($0, terminator: "") }
        Console.print("")
    }
}
