import Foundation
import Glibc
public import Planning

/// Reads a bundle line by line, in memory that does not grow with it, and believes no line that nobody vouches for.
///
/// Only the end tells that nothing is missing: read it once to its end before anything of it is used, then ``rewind()``.
/// It is the same open file both times, and every code is checked again.
public final class MoveBundleReader {
    /// The bundle's id.
    public private(set) var bundle = ""
    /// Which store it comes from, in its own words.
    public private(set) var source = ""

    private let path: String
    private let key: SealingKey
    private let descriptor: Int32
    private var sealer: MoveSealer
    private var buffer: [UInt8] = []
    private var start = 0
    private var lineNumber = 0
    private var count = 0

    /// Opens the bundle and checks its first line.
    ///
    /// Throws ``StorageError/bundleRefused(path:line:problem:)`` for a file that is none, or of another key.
    public init(path: String, key: SealingKey) throws(StorageError) {
        self.path = path
        self.key = key
        descriptor = try PrivateFile.open(path, O_RDONLY | O_NONBLOCK, followingLinks: true)
        sealer = MoveSealer(key: key, bundle: "")
        guard try PrivateFile.status(ofDescriptor: descriptor, path).isRegularFile else {
            throw .bundleRefused(path: path, line: 0, problem: "is not a regular file")
        }
        try begin()
    }

    deinit { close(descriptor) }

    /// Back to the first number.
    public func rewind() throws(StorageError) {
        guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw PrivateFile.failure("rewind", path) }
        (buffer, start, lineNumber, count) = ([], 0, 0, 0)
        try begin()
    }

    /// The next number; nil at the end, when every line was there and in its place.
    public func next() throws(StorageError) -> MovedNumber? {
        guard let content = try vouchedLine() else { throw refusal("ends too early: it is not complete") }
        if let row = try? MoveBundle.decoder.decode(MoveRow.self, from: content) {
            count += 1
            let sealer = sealer
            guard count <= MoveBundle.mostNumbers,
                let moved = row.moved(open: { sealer.open($0, number: $1, generation: $2) })
            else { throw refusal("holds a number that cannot be read") }
            return moved
        }
        // Authentic, and yet neither: the refusal names what it is not.
        guard let footer = try? MoveBundle.decoder.decode(MoveBundle.Footer.self, from: content) else {
            throw refusal("is neither a number nor the end")
        }
        guard footer.numbers == count else { throw refusal("names \(footer.numbers) numbers, and \(count) are there") }
        guard try line() == nil else { throw refusal("stands behind the end") }
        return nil
    }

    private func begin() throws(StorageError) {
        // What cannot be decoded is no bundle, whatever the decoder says of it.
        guard let line = try line(), let (mac, content) = Self.split(line),
            let header = try? MoveBundle.decoder.decode(MoveBundle.Header.self, from: content)
        else { throw refusal("is not a bundle of `twostepd move out`") }
        guard header.twostepdMove == MoveSealer.version else {
            throw refusal("has version \(header.twostepdMove) of the format; this program reads \(MoveSealer.version)")
        }
        guard header.key == key.id else {
            throw refusal("is sealed under key \(header.key), and the key given is \(key.id)")
        }
        sealer = MoveSealer(key: key, bundle: header.bundle)
        guard sealer.vouch(for: Array(content)) == mac else { throw altered }
        bundle = header.bundle
        source = header.source
    }

    private func vouchedLine() throws(StorageError) -> Data? {
        guard let line = try line() else { return nil }
        guard let (mac, content) = Self.split(line), sealer.vouch(for: Array(content)) == mac else { throw altered }
        return content
    }

    /// The code in front of a line, and the line.
    private static func split(_ line: ArraySlice<UInt8>) -> (mac: String, content: Data)? {
        let digits = 64
        guard line.count > digits, line[line.startIndex + digits] == UInt8(ascii: " ") else { return nil }
        return (String(decoding: line.prefix(digits), as: UTF8.self), Data(line.dropFirst(digits + 1)))
    }

    /// The next line without its end; nil at the end of the file. A line that is not ended is cut off.
    private func line() throws(StorageError) -> ArraySlice<UInt8>? {
        lineNumber += 1
        var searched = start
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { start = end + 1 }
                return buffer[start..<end]
            }
            guard buffer.count - start <= MoveBundle.longestLine else { throw refusal("is too long to be a number") }
            buffer.removeFirst(start)
            start = 0
            searched = buffer.count
            var chunk = [UInt8](repeating: 0, count: 64 * 1024)
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw PrivateFile.failure("read", path) }
            guard count > 0 else {
                guard buffer.isEmpty else { throw refusal("ends in the middle of a line") }
                return nil
            }
            buffer += chunk[..<count]
        }
    }

    private var altered: StorageError { refusal("was changed, or is not where it was written") }

    private func refusal(_ problem: String) -> StorageError {
        .bundleRefused(path: path, line: lineNumber, problem: problem)
    }
}
