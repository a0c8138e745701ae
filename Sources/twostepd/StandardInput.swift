import ConfigFile
import Glibc

/// Standard input, for commands that take `-` for a file.
enum StandardInput {
    /// All of it, up to what a configuration file may have.
    static func read() throws -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Failure.failed("standard input cannot be read: error \(errno)") }
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= DesiredStateReader.largestFile else {
                throw Failure.configuration("standard input has more than \(DesiredStateReader.largestFile >> 20) MiB")
            }
        }
    }
}
