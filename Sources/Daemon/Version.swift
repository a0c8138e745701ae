import BuildCommit

/// The version of this program.
public enum Version {
    /// The version by semver.org.
    public static let number = "0.1.0"
    /// The commit that it was built from, ending in `-dirty` when files were changed since; nil when the builder did
    /// not say, as from a source archive.
    public static let commit: String? = {
        let text = String(cString: twostepd_build_commit())
        return text.isEmpty ? nil : text
    }()
    /// The version for people: name, number, and the commit when it is known.
    public static let text = "twostepd \(number)" + (commit.map { " (\($0))" } ?? "")
}
