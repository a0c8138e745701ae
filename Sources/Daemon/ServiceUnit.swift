/// The systemd unit of a daemon, as the package installs it, for advice that can be copied into a shell.
enum ServiceUnit {
    /// Returns `twostepd`, or `twostepd@NAME` for the state or runtime directory of an instance, or a file in it: the
    /// template unit names both `twostepd-NAME`.
    static func name(for path: String) -> String {
        for parent in ["/var/lib/private/twostepd-", "/var/lib/twostepd-", "/run/twostepd-"] {
            guard path.hasPrefix(parent) else { continue }
            let instance = path.dropFirst(parent.count).prefix { $0 != "/" }
            if !instance.isEmpty { return "twostepd@" + instance }
        }
        return "twostepd"
    }
}
