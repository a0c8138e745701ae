import Foundation
import GRDB
import Planning
import Testing

@testable import Storage

@Suite("Rotating the sealing key")
struct KeyRotationTests {
    private func store(in directory: StateDirectory, _ count: Int = 3) throws -> (Store, SealingKey) {
        try directory.location.prepareDirectory()
        let key = try SealingKey.generate(file: directory.location.key)
        let store = try Store.open(at: directory.location, key: key)
        _ = try store.adopt(Sample.state(try (1...count).map { try Sample.desired($0) }), at: Sample.now)
        for index in 1...count {
            for generation in 1...2 { try store.addGeneration(generation, "28471\(generation)", to: index) }
        }
        return (store, key)
    }

    /// Checks that every PIN opens, and that the history verifies, under the key that the files give for this store.
    private func checkAll(_ directory: StateDirectory, _ id: String, count: Int = 3) throws {
        let location = directory.location
        #expect(StoreReader.keyID(at: location) == id)
        let (key, _) = try KeyFile(path: location.key).load(for: id)
        #expect(key.id == id)
        let reader = try StoreReader.open(at: location, key: key)
        for index in 1...count {
            for generation in 1...2 {
                #expect(
                    try reader.pin(of: try Sample.number(index), generation: generation)
                        == Sample.pin("28471\(generation)"))
            }
        }
        #expect(try reader.verifyAudit().first == nil)
        try reader.close()
    }

    @Test func `the new key opens everything and the old one nothing`() throws {
        let directory = try StateDirectory()
        let (store, old) = try store(in: directory)
        let file = KeyFile(path: directory.location.key)
        let new = try file.prepareNext()
        #expect(try store.rotateKey(to: new, at: Sample.now, actor: "alice") == 6)
        let kept = try file.finish()
        #expect(kept == directory.location.key + ".\(old.id)")
        #expect(try SealingKey.load(file: kept).id == old.id, "for the backups made before")
        #expect(try SealingKey.load(file: directory.location.key).id == new.id)
        #expect(try directory.mode("twostepd.key") == 0o600)
        #expect(!FileManager.default.fileExists(atPath: file.next))
        try checkAll(directory, new.id)
        #expect(throws: StorageError.wrongKey(needed: new.id, have: old.id)) {
            try Store.open(at: directory.location, key: old)
        }
        let event = try #require(
            try StoreReader.open(at: directory.location, key: nil).events(limit: 1).first?.entry)
        #expect(event.kind == .keyRotated && event.detail.contains(old.id) && event.detail.contains(new.id))
    }

    @Test func `cut off before the store is sealed anew, the old key opens everything, and the next rotation goes on`()
        throws
    {
        let directory = try StateDirectory()
        let (store, old) = try store(in: directory)
        try store.close()
        let file = KeyFile(path: directory.location.key)
        let next = try file.prepareNext()
        try checkAll(directory, old.id)
        #expect(try file.prepareNext().id == next.id, "the key that was left is taken, not another one made")
        #expect(throws: StorageError.keyExists(path: file.next)) { try file.prepareNext(SealingKey.random()) }
    }

    @Test func `cut off after the store is sealed anew, the new key is found beside the old one and put in place`()
        throws
    {
        let directory = try StateDirectory()
        let (store, _) = try store(in: directory)
        let file = KeyFile(path: directory.location.key)
        let new = try file.prepareNext()
        _ = try store.rotateKey(to: new, at: Sample.now, actor: "alice")
        try checkAll(directory, new.id)
        #expect(try file.load(for: new.id).isNext)
        try file.finish()
        try checkAll(directory, new.id)
        #expect(try !file.load(for: new.id).isNext)
    }

    @Test func `a PIN that cannot be opened stops the rotation, is named, and nothing is changed`() throws {
        let directory = try StateDirectory()
        let (store, old) = try store(in: directory)
        try store.execute("UPDATE pins SET sealed = randomblob(34) WHERE number = '+15551000002' AND generation = 1")
        let error = #expect(throws: StorageError.self) {
            try store.rotateKey(to: .random(), at: Sample.now, actor: "alice")
        }
        let text = "\(try #require(error))"
        #expect(text.contains("+15551000002") && text.contains("generation 1") && text.contains("restore a backup"))
        #expect(try store.queue.read { try Set(String.fetchAll($0, sql: "SELECT key_id FROM pins")) } == [old.id])
    }

    @Test func `more PINs than a page are all sealed anew`() throws {
        let directory = try StateDirectory()
        let (store, _) = try store(in: directory, 620)
        let new = SealingKey.random()
        #expect(try store.rotateKey(to: new, at: Sample.now, actor: "alice") == 1240)
        let reader = try StoreReader.open(at: directory.location, key: new)
        #expect(try reader.records(after: nil, limit: 1000, at: Sample.now).records.count == 620)
    }

    @Test func `no nonce comes twice`() throws {
        let sealer = PINSealer(key: Sample.key)
        let (pin, number) = (try Sample.pin("284715"), try Sample.number(1))
        let nonces = (0..<20_000).map { _ in Array(sealer.seal(pin, number: number, generation: 1).prefix(12)) }
        #expect(Set(nonces).count == nonces.count)
    }
}
