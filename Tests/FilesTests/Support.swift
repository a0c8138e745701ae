import Foundation
import Synchronization
import Testing

@testable import Files

/// A folder that is removed with its last reference.
final class Folder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "twostepd-files-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    deinit {
        // Files that cannot be removed are left to the system's cleaning of its temporary folder.
        try? FileManager.default.removeItem(atPath: path)
    }

    func callAsFunction(_ name: String) -> String { path + "/" + name }

    @discardableResult func write(_ name: String, _ text: String, mode: Int = 0o600) throws -> String {
        try Data(text.utf8).write(to: URL(filePath: self(name)))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: self(name))
        return self(name)
    }

    func text(_ name: String) throws -> String { try String(contentsOfFile: self(name), encoding: .utf8) }

    func mode(_ name: String) throws -> UInt32 {
        try #require(try FileStatus.of(self(name), followingLinks: false)).mode
    }

    var names: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() } }
}

/// A log of system calls, in order.
final class CallLog: Sendable {
    private let log = Mutex<[String]>([])

    var calls: [String] { log.withLock { $0 } }

    func add(_ call: String) { log.withLock { $0.append(call) } }

    /// Returns the real calls, each of which is logged first.
    func watched() -> SystemCalls {
        let real = SystemCalls()
        var calls = SystemCalls()
        calls.write = { descriptor, bytes in
            self.add("write \(Self.kind(descriptor))")
            return real.write(descriptor, bytes)
        }
        calls.sync = { descriptor in
            self.add("sync \(Self.kind(descriptor))")
            return real.sync(descriptor)
        }
        calls.rename = { path, other in
            self.add("rename")
            return real.rename(path, other)
        }
        calls.link = { path, other in
            self.add("link")
            return real.link(path, other)
        }
        return calls
    }

    private static func kind(_ descriptor: Int32) -> String {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return "nothing" }
        return FileStatus(status).kind.rawValue
    }
}

/// Fails like a system call that the kernel refuses.
func refusing(_ code: Int32) -> Int32 {
    errno = code
    return -1
}
