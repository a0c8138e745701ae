import ConfigFile
import Planning

extension Doctor {
    /// The age in days beyond which a database is outdated: zone rules change several times a year.
    private static let maxAgeOfZones = 400

    /// Reports the time zone database that rotation windows follow, its age, and zones of the desired state that it
    /// lacks.
    func timeZones(_ desired: DesiredState?) -> Finding {
        let zones = SystemTimeZones.shared
        let named = desired.map { Set($0.numbers.compactMap(\.rotationWindow?.zone)) }
        guard let database = zones.database else {
            let text = "this machine has no time zone database in \(zones.folder)"
            // A desired state that names a zone is not valid without a database, so it is nil here.
            guard named == nil else {
                return Finding("time zones", .ok, "\(text): rotation windows can be in UTC only")
            }
            return Finding(
                "time zones", .warning, "\(text): rotations whose window is in a zone other than UTC wait",
                advice: "install the package tzdata, then `twostepd reload`")
        }
        for zone in (named ?? []).sorted() {
            do throws(TimeZoneFault) {
                _ = try zones.offsets(of: zone)
            } catch {
                return Finding("time zones", .failure, error.description, advice: error.hint)
            }
        }
        let age = database.minimumAge(at: now)
        let version = database.version ?? "of an unknown version"
        let text = "\(version), in \(database.folder), \(age.map { "at least \($0) days old" } ?? "of unknown age")"
        guard let age, age > Self.maxAgeOfZones else { return Finding("time zones", .ok, text) }
        return Finding(
            "time zones", .warning, "\(text): rotation windows may be off by an hour",
            advice: "update the package tzdata; the daemon adopts it within an hour, or on `twostepd reload`")
    }
}
