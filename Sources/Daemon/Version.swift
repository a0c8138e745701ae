/// What this program is.
public enum Version {
    /// The version by semver.org.
    public static let number = "0.1.0"
    /// For people: name and version.
    public static let text = "twostepd \(number)"
}
