import Glibc
import NIOCore

/// The process at the other end of a Unix socket, as the kernel reports it (SO_PEERCRED, see unix(7)).
struct PeerCredentials: Sendable {
    let pid: Int32
    let uid: UInt32

    /// The user and process for the audit trail: `alice (uid 1000, pid 42)`.
    var actor: String {
        guard uid != Self.unmapped || UserNamespace.isWhole else {
            return "a user outside of the daemon's user namespace (pid \(pid))"
        }
        return "\(UserName.of(uid: uid)) (uid \(uid), pid \(pid))"
    }

    /// The user id that the kernel gives for users unknown to the reader's user namespace.
    private static let unmapped: UInt32 = 65_534

    /// Returns the peer of `channel`; nil when the channel is not a Unix socket.
    static func read(from channel: any Channel) async -> PeerCredentials? {
        guard let provider = channel as? any SocketOptionProvider else { return nil }
        let option = NIOBSDSocket.Option(rawValue: SO_PEERCRED)
        /// The kernel's `struct ucred`, which the C library hides without `_GNU_SOURCE`.
        struct Credentials {
            var pid: Int32
            var uid: UInt32
            var gid: UInt32
        }
        // A channel without credentials is represented by nil; there is nothing to report.
        let credentials: Credentials? = try? await provider.unsafeGetSocketOption(level: .socket, name: option).get()
        return credentials.map { PeerCredentials(pid: $0.pid, uid: $0.uid) }
    }
}

/// The user namespace of this process (user_namespaces(7)).
enum UserNamespace {
    /// True when the namespace maps every user of the machine, so that callers can be distinguished.
    static let isWhole: Bool = {
        // Without user namespaces there is no such file.
        guard let file = fopen("/proc/self/uid_map", "re") else { return true }
        defer { fclose(file) }
        var buffer = [CChar](repeating: 0, count: 128)
        guard fgets(&buffer, Int32(buffer.count), file) != nil else { return true }
        let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return isWhole(map: text)
    }()

    /// Returns true when the first line of a map covers all users that a machine has.
    static func isWhole(map: String) -> Bool {
        let fields = map.split(whereSeparator: \.isWhitespace).compactMap { UInt64($0) }
        return fields.count >= 3 && fields[0] == 0 && fields[2] > 65_534
    }
}

/// Names of the system's users.
public enum UserName {
    /// Returns the login name of `uid`, or `uid N` when the system has none.
    public static func of(uid: UInt32) -> String {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16 * 1024)
        guard getpwuid_r(uid, &entry, &buffer, buffer.count, &found) == 0, found != nil, let name = entry.pw_name else {
            return "uid \(uid)"
        }
        return String(cString: name)
    }

    /// Returns the user of this process: the real user, the user who logged in when that is another (the kernel keeps
    /// it through `su` and `sudo`), and the user before `sudo` when there is one.
    public static func current(environment: [String: String]) -> String {
        let uid = getuid()
        let sudo = environment["SUDO_USER"].map { $0.filter { $0.isLetter || $0.isNumber || "._-".contains($0) } }
        let login = loginUID.flatMap { $0 == uid ? nil : ", logged in as \(of(uid: $0)) (uid \($0))" } ?? ""
        return "\(of(uid: uid)) (uid \(uid))" + login + (sudo.map { ", sudo from \($0.prefix(64))" } ?? "")
    }

    /// The audit uid of this process (proc(5)); nil when the kernel has none.
    private static var loginUID: UInt32? {
        guard let file = fopen("/proc/self/loginuid", "re") else { return nil }
        defer { fclose(file) }
        var buffer = [CChar](repeating: 0, count: 16)
        guard fgets(&buffer, Int32(buffer.count), file) != nil else { return nil }
        let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let uid = UInt32(text.filter(\.isNumber)), uid != .max else { return nil }
        return uid
    }
}
