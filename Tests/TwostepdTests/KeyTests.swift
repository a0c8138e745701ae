import Foundation
import Glibc
import Planning
import SimulatedVendor
import Storage
import Testing

@Suite("Sealing keys, the real binary", .inTurn)
struct KeyTests {
    private func keyFile(_ rig: Rig) -> String { rig.folder.appendingPathComponent("state/twostepd.key").path }

    private func mode(_ path: String) throws -> Int {
        try #require(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }

    /// Makes a store with this many PINs under the key beside it, without any request. Returns the key's id.
    private static func fill(_ rig: Rig, pins: Int) throws -> String {
        let location = StoreLocation(directory: rig.store.deletingLastPathComponent().path)
        try location.prepareDirectory()
        let key = try SealingKey.generate(file: location.key)
        let store = try Store.open(at: location, key: key)
        let now = Instant(millisecondsSinceEpoch: 1_790_000_000_000)
        let numbers = try (0..<pins).map { try #require(PhoneNumber("+1556\(1_000_000 + $0)")) }
        let desired = DesiredState(
            numbers: numbers.map { DesiredNumber(number: $0, tokenName: "t\($0)", endpoint: .v4) },
            sha256: String(repeating: "a", count: 64), source: "test")
        _ = try store.adopt(
            DesiredStateReading(state: desired), guardedBy: DesiredStateGuard.none, at: now)
        try store.commit(
            numbers.enumerated().map { index, number in
                var record = NumberRecord(number: number, version: 1, desired: desired.numbers[index])
                let digits: PIN = try #require(PIN(digits: "\(100_000 + index)"))
                let pin = PINGeneration(generation: 1, pin: digits, origin: .generated, createdAt: now)
                record.belief = record.belief.widened(by: .on(1), sentAt: now)
                record.generations = [pin]
                return .save(record, newGeneration: pin, touched: [])
            })
        try store.close()
        return key.id
    }

    /// Returns the key file that opens everything, as it is on the disk at this moment.
    private static func opens(_ rig: Rig, pins: Int) throws -> String {
        let location = StoreLocation(directory: rig.store.deletingLastPathComponent().path)
        let id = try #require(StoreReader.keyID(at: location))
        let (key, isNext) = try KeyFile(path: location.key).load(for: id)
        #expect(key.id == id, "one of the two files fits")
        let reader = try StoreReader.open(at: location, key: key)
        let page = try reader.records(after: nil, limit: pins, at: .distantFuture)
        #expect(page.failures.isEmpty && page.records.count == pins)
        for (index, record) in page.records.enumerated() {
            #expect(record.generations.first?.pin?.reveal() == "\(100_000 + index)")
        }
        #expect(try reader.verifyAudit().first == nil)
        try reader.close()
        return isNext ? "next" : "file"
    }

    @Test func `killed at any moment of a rotation, one key file opens everything, and the next rotation goes on`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(1))
        let pins = 400
        _ = try Self.fill(rig, pins: pins)
        var ends: [String: Int] = [:]
        for kill in 0..<60 {
            let child = try Child(
                ["key", "rotate", "--config", rig.config.path], output: rig.folder.appendingPathComponent("out"),
                errors: rig.log)
            // From the creation of the new key, step by step further into the rotation, until it is complete.
            while child.isRunning, !FileManager.default.fileExists(atPath: keyFile(rig) + ".new") {
                try await Task.sleep(for: .milliseconds(1))
            }
            try await Task.sleep(for: .microseconds(kill % 20 * 2500))
            child.signal(SIGKILL)
            let isCut = await child.exitCode() == -1
            ends[(isCut ? "cut, " : "done, ") + (try Self.opens(rig, pins: pins)), default: 0] += 1
        }
        #expect((ends["cut, file"] ?? 0) + (ends["cut, next"] ?? 0) > 5, "kills met rotations: \(ends)")
        let last = try await rig.run("key", "rotate")
        #expect(last.code == 0, "\(last.errors)")
        #expect(try Self.opens(rig, pins: pins) == "file")
        #expect(!FileManager.default.fileExists(atPath: keyFile(rig) + ".new"))
        #expect(try await rig.run("audit", "verify").code == 0)
        try await rig.end()
    }

    @Test func `a rotation that was cut off before its key was in place is finished by the next start`() async throws {
        let rig = try await Rig(Rig.fleet(2))
        #expect(try await rig.run("apply").code == 0)
        let pin = try await rig.shownPIN(rig.entries[0])
        let location = StoreLocation(directory: rig.store.deletingLastPathComponent().path)
        let file = KeyFile(path: location.key)
        let next = try file.prepareNext()
        let store = try Store.open(at: location, key: try SealingKey.load(file: location.key))
        _ = try store.rotateKey(to: next, at: Instant(millisecondsSinceEpoch: 1_790_000_000_000), actor: "test")
        let list = try await rig.run("key", "id")
        #expect(list.output == next.id + "\n")
        let daemon = try await rig.startDaemon()
        #expect(try SealingKey.load(file: location.key).id == next.id)
        #expect(!FileManager.default.fileExists(atPath: file.next))
        #expect(try await rig.shownPIN(rig.entries[0]) == pin)
        let rotation = try await rig.run("key", "rotate")
        #expect(rotation.code == 1, "not beside a daemon")
        #expect(rotation.errors.contains("systemctl stop twostepd") && rotation.errors.contains("nothing was rotated"))
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `a wrong or a missing key stops the start with 78 and names the key that is needed`() async throws {
        let rig = try await Rig(Rig.fleet(1))
        #expect(try await rig.run("apply").code == 0)
        let id = try await rig.run("key", "id").output.trimmingCharacters(in: .whitespacesAndNewlines)
        let requests = rig.vendor.counters.requests
        try FileManager.default.moveItem(atPath: keyFile(rig), toPath: keyFile(rig) + ".away")
        let missing = try await rig.run("run")
        #expect(missing.code == 78)
        #expect(missing.errors.contains(id), "\(missing.errors)")
        #expect(try await rig.run("key", "generate").code == 1, "a new key opens nothing")
        let other = rig.folder.appendingPathComponent("other.key").path
        #expect(try await rig.run("key", "generate", other).code == 0)
        try FileManager.default.copyItem(atPath: other, toPath: keyFile(rig))
        let wrong = try await rig.run("run")
        #expect(wrong.code == 78)
        #expect(wrong.errors.contains("sealed under key \(id)"), "\(wrong.errors)")
        #expect(try await rig.run("apply").code == 78)
        #expect(rig.vendor.counters.requests == requests)
        try await rig.end()
    }

    /// Returns the content of the state directory: the bytes and the mode of each file that is not empty. The lock and
    /// the memory that SQLite shares between readers are not part of the store.
    private func content(of folder: URL) throws -> [String: [String]] {
        var content: [String: [String]] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            guard name != "twostepd.lock", !name.hasSuffix("-shm") else { continue }
            let bytes = try Data(contentsOf: folder.appendingPathComponent(name))
            guard !bytes.isEmpty else { continue }
            content[name] = [bytes.base64EncodedString(), String(try mode(folder.appendingPathComponent(name).path))]
        }
        return content
    }

    @Test(arguments: ["wrong", "missing", "readable by others"])
    func `with a wrong or a missing key, or one that others may read, no command changes a byte of the store`(
        _ problem: String
    ) async throws {
        let rig = try await Rig(Rig.fleet(2))
        // A log that is not checkpointed yet, and a file whose mode and journal a writer would set.
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        daemon.signal(SIGKILL)
        _ = await daemon.exitCode()
        let folder = rig.store.deletingLastPathComponent()
        let wal = try Data(contentsOf: URL(fileURLWithPath: rig.store.path + "-wal"))
        #expect(!wal.isEmpty)
        chmod(rig.store.path, 0o640)
        let key = keyFile(rig)
        switch problem {
        case "wrong":
            let other = rig.folder.appendingPathComponent("other.key").path
            #expect(try await rig.run("key", "generate", other).code == 0)
            try FileManager.default.removeItem(atPath: key)
            try FileManager.default.copyItem(atPath: other, toPath: key)
        case "missing": try FileManager.default.removeItem(atPath: key)
        default: chmod(key, 0o640)
        }
        let requests = rig.vendor.counters.requests
        let commands = [
            ["run"], ["apply"], ["key", "rotate"], ["clock", "accept"], ["audit", "prune", "--before", "2026-01-01"],
            ["audit", "compact"], ["pin", "show", "n1", "--reason", "drill", "--stdout"], ["key", "generate"],
        ]
        for isInRollbackMode in [false, true] {
            if isInRollbackMode {
                // As a tool leaves the store after restoring a copy.
                #expect(try await rig.query("PRAGMA journal_mode = DELETE") == ["delete"])
            }
            let before = try content(of: folder)
            for command in commands {
                let result = try await Binary.run(command + ["--config", rig.config.path])
                #expect(result.code != 0, "\(command)")
                #expect(try content(of: folder) == before, "\(command): \(result.errors)")
            }
        }
        #expect(rig.vendor.counters.requests == requests)
        try await rig.end()
    }

    @Test func `key generate makes a private file once, and prints its id and not the key`() async throws {
        let rig = try await Rig(Rig.fleet(1))
        let path = rig.folder.appendingPathComponent("made.key").path
        let made = try await rig.run("key", "generate", path)
        #expect(made.code == 0)
        let content = try String(contentsOfFile: path, encoding: .utf8)
        let digits = content.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(digits.count == 64)
        #expect(!(made.output + made.errors).contains(digits))
        #expect(made.errors.contains("LoadCredential=twostepd-key:\(path)"))
        #expect(try mode(path) == 0o600)
        #expect(made.output.contains(try await rig.run("key", "id", path).output.prefix(16)))
        let again = try await rig.run("key", "generate", path)
        #expect(again.code == 1 && again.errors.contains("already exists"))
        #expect(try String(contentsOfFile: path, encoding: .utf8) == content)
        try await rig.end()
    }

    @Test func `a key that is a credential is rotated at its source, or to a key of the operator's own`() async throws {
        let rig = try await Rig(Rig.fleet(1))
        let folder = rig.folder.appendingPathComponent("credentials")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        let credential = folder.appendingPathComponent("twostepd-key").path
        let source = rig.folder.appendingPathComponent("source.key").path
        #expect(try await rig.run("key", "generate", source).code == 0)
        try FileManager.default.copyItem(atPath: source, toPath: credential)
        let environment = ["CREDENTIALS_DIRECTORY": folder.path]
        let run: (String...) async throws -> Binary.Result = {
            try await Binary.run($0 + ["--config", rig.config.path], environment: environment)
        }
        #expect(try await run("apply").code == 0)
        #expect(!FileManager.default.fileExists(atPath: keyFile(rig)))

        let alone = try await run("key", "rotate")
        #expect(alone.code == 78 && alone.errors.contains("--new-key"))
        #expect(try await run("key", "rotate", "--key", source).code == 0)
        let old = try await run("run")
        #expect(old.code == 78, "the credential is still the old key")
        try FileManager.default.removeItem(atPath: credential)
        try FileManager.default.copyItem(atPath: source, toPath: credential)
        #expect(try await run("apply").code == 0)

        let own = rig.folder.appendingPathComponent("own.key").path
        #expect(try await rig.run("key", "generate", own).code == 0)
        let handed = try await run("key", "rotate", "--new-key", own)
        #expect(handed.code == 0 && handed.errors.contains("pass \(own) in place of"))
        try FileManager.default.removeItem(atPath: credential)
        try FileManager.default.copyItem(atPath: own, toPath: credential)
        #expect(try await run("apply").code == 0)
        #expect(try await run("audit", "verify").code == 0)
        try await rig.end()
    }

    @Test func `a PIN row that was moved is named by the commands, counts as foreign, and its number is reset`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(2), defaults: ["reapply_every: 1s"])
        #expect(try await rig.run("apply").code == 0)
        _ = try await Shell.run(
            "sqlite3",
            [
                rig.store.path,
                """
                CREATE TEMP TABLE swapped AS SELECT number, sealed FROM pins;
                UPDATE pins SET sealed = (SELECT sealed FROM swapped WHERE swapped.number <> pins.number)
                """,
            ])
        let shown = try await rig.run("pin", "show", "n1", "--reason", "test", "--format", "json")
        #expect(shown.code == 1)
        for part in [rig.entries[0].number, "generation", "altered, or moved", "restore a backup"] {
            #expect(shown.errors.contains(part), "\(part)")
        }
        #expect(shown.output.isEmpty)
        let daemon = try await rig.startDaemon()
        try await rig.wait("both numbers are reset") {
            try await rig.statusRows().allSatisfy {
                $0["condition"] as? String == "converged" && $0["pin_generation"] as? Int == 2
            }
        }
        for entry in rig.entries {
            #expect(
                rig.logText.split(separator: "\n").contains {
                    $0.contains("cannot be unsealed and counts as foreign") && $0.contains(entry.number)
                })
        }
        #expect(try await rig.run("history", "--events").output.contains("record_unreadable"))
        for entry in rig.entries { #expect(try await rig.shownPIN(entry) != nil) }
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }
}
