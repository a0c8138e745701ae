import Glibc

extension [UInt8] {
    /// Overwrites the bytes of this array's own storage: a copy that shares it keeps its content.
    public mutating func wipe() {
        withUnsafeMutableBytes { buffer in
            if let start = buffer.baseAddress { explicit_bzero(start, buffer.count) }
        }
    }
}

extension UnsafeMutableRawPointer {
    /// Overwrites `count` bytes from here on.
    public func wipe(count: Int) { explicit_bzero(self, count) }
}
