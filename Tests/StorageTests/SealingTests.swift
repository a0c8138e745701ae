import Crypto
import Foundation
import Glibc
import Planning
import Testing

@testable import Storage

struct SealingTests {
    private let sealer = PINSealer(key: Sample.key)

    private func open(_ sealed: [UInt8], _ index: Int, _ generation: Int, by sealer: PINSealer? = nil) throws -> PIN {
        try (sealer ?? self.sealer).open(
            sealed, number: try Sample.number(index), generation: generation, keyID: Sample.key.id)
    }

    @Test func `a PIN opens only for its number and generation`() throws {
        let pin = try Sample.pin("012345")
        let sealed = sealer.seal(pin, number: try Sample.number(1), generation: 3)
        #expect(sealed.count == PINSealer.sealedByteCount)
        #expect(try open(sealed, 1, 3) == pin)
        #expect(throws: StorageError.self) { try open(sealed, 2, 3) }
        #expect(throws: StorageError.self) { try open(sealed, 1, 4) }
        #expect(sealer.seal(pin, number: try Sample.number(1), generation: 3) != sealed)
    }

    @Test func `no altered byte goes unnoticed`() throws {
        let sealed = sealer.seal(try Sample.pin("284715"), number: try Sample.number(1), generation: 1)
        for index in sealed.indices {
            var altered = sealed
            altered[index] ^= 1
            #expect(throws: StorageError.self) { try open(altered, 1, 1) }
        }
        #expect(throws: StorageError.self) { try open([], 1, 1) }
        #expect(throws: StorageError.self) { try open(Array(sealed.dropLast()), 1, 1) }
    }

    @Test func `another key is named beside the one that is needed`() throws {
        let sealed = sealer.seal(try Sample.pin("284715"), number: try Sample.number(1), generation: 1)
        let other = SealingKey.random()
        let error = #expect(throws: StorageError.self) { try open(sealed, 1, 1, by: PINSealer(key: other)) }
        let text = "\(try #require(error))"
        for part in [try Sample.number(1).description, "generation 1", Sample.key.id, other.id] {
            #expect(text.contains(part), "\(part)")
        }
    }

    @Test func `rows swapped in the store are noticed`() throws {
        let store = try Sample.store(2)
        try store.addGeneration(1, "284715", to: 1)
        try store.addGeneration(1, "918273", to: 2)
        try store.execute(
            """
            CREATE TEMP TABLE swapped AS SELECT number, sealed FROM pins;
            UPDATE pins SET sealed = (SELECT sealed FROM swapped WHERE swapped.number <> pins.number)
            """)
        for index in 1...2 {
            let error = #expect(throws: StorageError.self) {
                try store.reader.pin(of: try Sample.number(index), generation: 1)
            }
            guard case .sealedPINUnreadable(let number, 1, Sample.key.id, _) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(try number == Sample.number(index))
        }
        let page = try store.reader.records(after: nil, limit: 10, at: Sample.now)
        #expect(page.records.map { $0.isUnreadable(1) } == [true, true])
        #expect(page.records.allSatisfy { $0.generation(1)?.pin == nil })
    }

    @Test func `a mark differs by value, name and key, and is no plain hash of the PIN`() throws {
        let (pin, other) = (try Sample.pin("284715"), try Sample.pin("284716"))
        let marker = sealer.operatorPINMarker
        let mark = marker.mark(of: pin, named: "support")
        #expect(
            mark.count == 32 && mark == PINSealer(key: Sample.key).operatorPINMarker.mark(of: pin, named: "support"))
        #expect(mark != marker.mark(of: other, named: "support"))
        #expect(mark != marker.mark(of: pin, named: "sales"))
        #expect(mark != PINSealer(key: .random()).operatorPINMarker.mark(of: pin, named: "support"))
        // Neither a plain hash of its content, nor one under the sealing key itself.
        let content = Data("support\n284715".utf8)
        #expect(mark != SHA256.hash(data: content).prefix(16).hexadecimal)
        let direct = HMAC<SHA256>.authenticationCode(for: content, using: Sample.key.symmetricKey)
        #expect(mark != direct.prefix(16).hexadecimal)
    }
}

struct SealingKeyTests {
    private let bytes = (0..<32).map { UInt8($0 * 7 % 251) }

    @Test func `a key is read raw, as hexadecimal and as base64, with or without a line end`() throws {
        let key = try #require(SealingKey(bytes: bytes))
        let digits = bytes.map { String(format: "%02X", $0) }.joined()
        let base64 = Data(bytes).base64EncodedString()
        for end in ["", "\n", "\r\n"] {
            #expect(SealingKey(content: Array((digits + end).utf8))?.id == key.id)
            #expect(SealingKey(content: Array((digits.lowercased() + end).utf8))?.id == key.id)
            #expect(SealingKey(content: Array((base64 + end).utf8))?.id == key.id)
            #expect(SealingKey(content: bytes + Array(end.utf8))?.id == key.id)
        }
    }

    @Test func `anything else is no key`() {
        let wrong: [[UInt8]] = [
            [], Array(bytes.dropLast()), bytes + [1], [UInt8](repeating: 0, count: 32),
            Array(String(repeating: "g", count: 64).utf8), Array(String(repeating: "!", count: 44).utf8),
            Array(String(repeating: "ab", count: 31).utf8), Array("\n".utf8),
        ]
        for content in wrong {
            #expect(SealingKey(content: content) == nil, "\(content.count) bytes")
        }
    }

    @Test func `a key prints its id and nothing else`() throws {
        let key = SealingKey.random()
        let digits = String(decoding: key.fileContent.dropLast(), as: UTF8.self)
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(reflecting: key), "\([key])", dumped, "\(PINSealer(key: key))"] {
            #expect(!text.contains(digits))
            #expect(!text.contains("symmetric"))
        }
        #expect("\(key)" == "SealingKey(\(key.id))")
        #expect(key.id.count == 16)
    }

    @Test func `a generated key file is private, reads back, and is never overwritten`() throws {
        let directory = try StateDirectory()
        try directory.location.prepareDirectory()
        let key = try SealingKey.generate(file: directory.location.key)
        #expect(try directory.mode("twostepd.key") == 0o600)
        #expect(try SealingKey.load(file: directory.location.key).id == key.id)
        #expect(throws: StorageError.keyExists(path: directory.location.key)) {
            try SealingKey.generate(file: directory.location.key)
        }
        #expect(try SealingKey.load(file: directory.location.key).id == key.id)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["twostepd.key"])
    }

    @Test func `a key that its group can read says what to do about fsGroup (20.21)`() throws {
        let folder = try StateDirectory()
        try folder.location.prepareDirectory()
        let path = folder.location.key
        _ = try SealingKey.generate(file: path)
        chmod(path, 0o440)
        let error = #expect(throws: StorageError.self) { try SealingKey.load(file: path) }
        let text = "\(try #require(error))"
        #expect(text.contains("its group can read or change this key (mode 440): chmod 0600 it"))
        #expect(text.contains("fsGroup") && text.contains("the credential twostepd-key"))
        chmod(path, 0o604)
        let open = #expect(throws: StorageError.self) { try SealingKey.load(file: path) }
        #expect("\(try #require(open))".hasSuffix("others can read or change this key: chmod 0600 it"))
        chmod(folder.location.directory, 0o770)
        let directory = #expect(throws: StorageError.self) { try folder.location.checkDirectory() }
        #expect("\(try #require(directory))".contains("fsGroupChangePolicy OnRootMismatch"))
    }

    @Test(arguments: [0o640, 0o604, 0o620, 0o602])
    func `a key file that others can read or change is refused`(mode: Int) throws {
        let directory = try StateDirectory()
        try directory.location.prepareDirectory()
        try directory.write(Data(bytes), "twostepd.key", mode: mode)
        let error = #expect(throws: StorageError.self) { try SealingKey.load(file: directory.location.key) }
        guard case .permissions = error else { Issue.record("\(String(describing: error))"); return }
    }

    @Test func `a file that is no key, or not there, is named`() throws {
        let directory = try StateDirectory()
        try directory.location.prepareDirectory()
        try directory.write(Data("hello".utf8), "twostepd.key")
        #expect(throws: StorageError.keyMalformed(source: directory.location.key)) {
            try SealingKey.load(file: directory.location.key)
        }
        let error = #expect(throws: StorageError.self) { try SealingKey.load(file: directory.path + "/none") }
        #expect("\(try #require(error))".contains("No such file"))
    }
}
