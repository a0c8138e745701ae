import Files
import Glibc
public import Planning
import Synchronization

/// The time zones of this machine as plain data, from the files of its IANA time zone database, which its administrator
/// keeps up to date. The program contains no database of its own: an outdated one would be wrong unnoticed.
public final class SystemTimeZones: Sendable {
    /// The zones of this machine; `$TZDIR` replaces the usual folder, as in the C library.
    public static let shared = SystemTimeZones(folder: namedFolder ?? "/usr/share/zoneinfo")

    /// A zone that was requested, with the stamp of its file before it was read.
    private struct Known: Sendable {
        let offsets: ZoneOffsets
        let stamp: FileStamp?
    }

    public let folder: String
    private let known = Mutex<[String: Known]>([:])

    /// - Parameter folder: the folder with a file for each zone.
    public init(folder: String) { self.folder = folder }

    private static var namedFolder: String? {
        guard let name = getenv("TZDIR").map({ String(cString: $0) }), name.hasPrefix("/") else { return nil }
        return name
    }

    /// Returns the offsets of the IANA time zone `name` from 2020 to 2100; the same for the same name, until
    /// ``refresh()``.
    ///
    /// Abbreviations and other names without an area are refused, except `UTC`, because `PST` has several meanings.
    /// Safe to call from any thread.
    public func offsets(of name: String) throws(TimeZoneFault) -> ZoneOffsets {
        if name == "UTC" { return .utc }
        if let known = known.withLock({ $0[name] }) { return known.offsets }
        let zone = try read(name)
        known.withLock { $0[name] = zone }
        return zone.offsets
    }

    /// The result of ``refresh()``.
    public struct Refresh: Hashable, Sendable {
        /// The zones whose offsets have changed.
        public var changed: [String] = []
        /// The errors of zones that could not be read again. Their offsets stay unchanged.
        public var faults: [TimeZoneFault] = []
    }

    /// Reads each requested zone again whose file has changed.
    public func refresh() -> Refresh {
        var result = Refresh()
        for (name, zone) in known.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
            guard FileStamp(path(of: name)) != zone.stamp else { continue }
            do throws(TimeZoneFault) {
                let read = try read(name)
                if read.offsets != zone.offsets { result.changed.append(name) }
                known.withLock { $0[name] = read }
            } catch {
                result.faults.append(error)
            }
        }
        return result
    }

    private func read(_ name: String) throws(TimeZoneFault) -> Known {
        guard Self.isWellFormed(name) else { throw .unknown(name: name, folder: folder) }
        let path = path(of: name)
        let stamp = FileStamp(path)
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try CheckedFile.read(path, ReadPolicy(limit: TZif.maxSize))
        } catch {
            switch error {
            case .missing, .notRegular:
                throw database == nil ? .noDatabase(folder: folder) : .unknown(name: name, folder: folder)
            case .tooLarge, .changedWhileRead, .refused, .exists, .foreignOwner, .openToOthers, .invalidPath:
                throw .unreadable(path: path, reason: error.reason)
            }
        }
        do throws(TZifFault) {
            return Known(offsets: try TZif.offsets(in: bytes), stamp: stamp)
        } catch {
            throw .unreadable(path: path, reason: error.description)
        }
    }

    private func path(of name: String) -> String { "\(folder)/\(name)" }

    /// Returns true when a name is `Area/Place` or `Area/Region/Place`, and so leads to a file below the folder. The
    /// folders `posix` and `right` are refused: they hold the same zones again, the latter with leap seconds.
    private static func isWellFormed(_ name: String) -> Bool {
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard name.utf8.count <= 64, (2...3).contains(parts.count),
            !["posix", "right"].contains(String(parts[0]) ?? "")
        else { return false }
        return parts.allSatisfy { part in
            part.first.map(isLetter) ?? false
                && part.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || "+-_".utf8.contains($0) }
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }

    // MARK: The database

    /// The release of the database; nil when the machine has no database.
    public var database: TimeZoneDatabase? {
        guard ["Etc/UTC", "UTC"].contains(where: { FileStamp(path(of: $0)) != nil }) else { return nil }
        for name in ["tzdata.zi", "+VERSION"] {
            guard let text = text(of: name), let version = TimeZoneDatabase.version(in: text) else { continue }
            return TimeZoneDatabase(folder: folder, version: version, date: date(of: name))
        }
        return TimeZoneDatabase(folder: folder, version: nil, date: date(of: "zone.tab") ?? date(of: "Etc/UTC"))
    }

    /// The names for suggestions: the zones that the database lists by country, and `UTC`.
    public var suggestions: [String] {
        let table = text(of: "zone.tab") ?? text(of: "zone1970.tab") ?? ""
        let names = table.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line in
            line.split(separator: "\t", maxSplits: 3).dropFirst(2).first.map(String.init)
        }
        return ["UTC"] + names
    }

    /// Returns a text file of the database; nil when it cannot be read, because it serves for display only.
    private func text(of name: String) -> String? {
        (try? CheckedFile.read(path(of: name), ReadPolicy(limit: 1 << 20))).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Returns the modification time of a file of the database; nil when it is unknown, and where all files have the
    /// same old date.
    private func date(of name: String) -> Instant? {
        guard let modified = FileStamp(path(of: name))?.modifiedAt, modified > .seconds(1_000_000_000) else {
            return nil
        }
        return Instant(millisecondsSinceEpoch: 0).advanced(by: modified)
    }
}

/// The release of the IANA database on a machine.
public struct TimeZoneDatabase: Hashable, Sendable {
    public let folder: String
    /// The version, such as `2026a`; nil when the database does not state it.
    public let version: String?
    /// The modification time of its files; nil when it is unknown.
    public let date: Instant?

    /// Returns the version in the first line of `text`: `# version 2026a`, or the version alone.
    static func version(in text: String) -> String? {
        let line = text.prefix(64).split(separator: "\n").first ?? ""
        return line.firstMatch(of: #/^(?:# version )?([0-9]{4}[a-z]{1,2})(?:$|[^0-9a-z])/#).map { String($0.output.1) }
    }

    /// Returns the minimum age of the rules at `now`, in days: since the files were made, or since the end of the
    /// release's year.
    public func minimumAge(at now: Instant) -> Int? {
        let released = version.flatMap { Int($0.prefix(4)) }.flatMap { CivilDate(year: $0 + 1, month: 1, day: 1) }
        let ages = [
            date.map { $0.duration(to: now).milliseconds / 86_400_000 },
            released.map { now.millisecondsSinceEpoch / 86_400_000 - Int64($0.daysSinceEpoch) },
        ].compactMap(\.self)
        return ages.max().map { Int(max($0, 0)) }
    }
}

/// The reason why a time zone has no offsets.
public enum TimeZoneFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// The machine has no time zone database.
    case noDatabase(folder: String)
    /// The database has no such zone.
    case unknown(name: String, folder: String)
    /// The zone's file cannot be used.
    case unreadable(path: String, reason: String)

    public var description: String {
        switch self {
        case .noDatabase(let folder): "this machine has no time zone database: none was found in \(folder)"
        case .unknown(let name, _): "there is no time zone \(VisibleText.quoted(name))"
        case .unreadable(let path, let reason): "the time zone file \(path) cannot be used: \(reason)"
        }
    }

    /// The remedy.
    public var hint: String {
        switch self {
        case .noDatabase: "install the package tzdata, or write the window in UTC"
        case .unknown(let name, let folder):
            NearestName.hint(for: name, among: SystemTimeZones(folder: folder).suggestions)
                ?? "write a name of the IANA database, such as Europe/Rome, or UTC; old names are in the package "
                + "tzdata-legacy"
        case .unreadable: "install the package tzdata again"
        }
    }
}
