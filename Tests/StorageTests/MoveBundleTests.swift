import Foundation
import Planning
import Testing

@testable import Storage

/// The file between two stores: what it holds, and that no change of it goes unnoticed.
@Suite struct MoveBundleTests {
    private let folder = StateDirectoryFolder()
    private let key = SealingKey.random()

    private static func numbers(_ count: Int) throws -> [MovedNumber] {
        try (1...count).map { index in
            let pins = try (1...2).map { generation in
                PINGeneration(
                    generation: generation, pin: try Sample.pin("\(400_000 + index * 2 + generation)"),
                    origin: generation == 1 ? .operator(name: "own") : .generated, createdAt: Sample.at(index))
            }
            var desired = try Sample.desired(index)
            desired.label = index == 1 ? "a \"quoted\" Ünïcode/label\\" : nil
            desired.rotationWindow = try RotationWindow(parsing: "Mon-Fri 09:00-17:00 Europe/Rome")
            desired.rotateEvery = index == 2 ? nil : .seconds(3600)
            return MovedNumber(
                desired: desired,
                belief: Belief(
                    maybeOff: index % 2 == 0, maybeForeign: index == 3, generations: [1, 2],
                    doubts: [.init(effect: .on(2), since: Sample.at(5))]),
                generations: pins, lastAccepted: .on(1), appliedAt: Sample.at(1), recentWrites: [Sample.at(3)], moves: 4
            )
        }
    }

    private func lines(_ numbers: [MovedNumber]) -> [String] {
        var writer = MoveBundleWriter(key: key, source: "/var/lib/a, shard 0/4", at: Sample.now)
        return [writer.begin()] + numbers.map { writer.add($0) } + [writer.end()]
    }

    private func read(_ text: String, key: SealingKey? = nil) throws -> [MovedNumber] {
        let reader = try MoveBundleReader(path: try folder.write(Data(text.utf8)), key: key ?? self.key)
        var found: [MovedNumber] = []
        while let moved = try reader.next() { found.append(moved) }
        return found
    }

    private func refusal(_ text: String, key: SealingKey? = nil) -> String {
        do {
            return "read: \(try read(text, key: key).count)"
        } catch {
            return "\(error)"
        }
    }

    @Test func `what was written is read, any number of times, and says where it comes from`() throws {
        let numbers = try Self.numbers(300)
        let path = try folder.write(Data(lines(numbers).joined().utf8))
        let reader = try MoveBundleReader(path: path, key: key)
        #expect(reader.source == "/var/lib/a, shard 0/4" && reader.bundle.count == 32)
        for _ in 0..<2 {
            for number in numbers { #expect(try reader.next() == number) }
            #expect(try reader.next() == nil)
            try reader.rewind()
        }
    }

    @Test func `no PIN stands in it, and neither does the key`() throws {
        let text = lines(try Self.numbers(20)).joined()
        for index in 400_001...400_050 { #expect(!text.contains("\"\(index)\"")) }
        let sealed = text.matches(of: #/"sealed":"([^"]+)"/#).compactMap { Data(base64Encoded: String($0.1)) }
        #expect(sealed.count == 40)
        #expect(sealed.allSatisfy { $0.count == 34 && !String(decoding: $0, as: UTF8.self).contains("4000") })
        #expect(Set(sealed).count == 40)
    }

    @Test func `a wrong key, another file and a later format are told apart`() throws {
        let text = lines(try Self.numbers(2)).joined()
        #expect(refusal(text, key: .random()).contains("is sealed under key \(key.id)"))
        #expect(refusal("version: 1\n").contains("is not a bundle"))
        #expect(refusal("").contains("is not a bundle"))
        #expect(refusal(text.replacing("\"twostepd_move\":1", with: "\"twostepd_move\":2")).contains("has version 2"))
    }

    @Test func `lines that are dropped, doubled, swapped, changed or cut off are noticed`() throws {
        let whole = lines(try Self.numbers(4))
        let other = lines(try Self.numbers(4))
        var tampered: [[String]] = []
        for index in whole.indices {
            tampered.append(Array(whole[..<index]) + Array(whole[(index + 1)...]))
            tampered.append(Array(whole[...index]) + Array(whole[index...]))
            tampered.append(Array(whole[..<index]) + [other[index]] + Array(whole[(index + 1)...]))
            tampered.append(Array(whole[..<index]))
            tampered.append(Array(whole[..<index]) + [String(whole[index].dropLast(9))])
        }
        var swapped = whole
        swapped.swapAt(1, 2)
        tampered += [swapped, whole + ["\n"], whole + [whole[1]], [whole[0]] + other.dropFirst()]
        tampered.append(whole.map { $0.replacing("\"maybe_off\":true", with: "\"maybe_off\":false") })
        for lines in tampered where lines != whole {
            #expect(refusal(lines.joined()).contains("nothing of it was used"))
        }
        // Every byte counts: one of each line changed, all along it.
        for index in whole.indices {
            for place in stride(from: 0, to: whole[index].utf8.count - 1, by: 7) {
                var bytes = Array(whole[index].utf8)
                bytes[place] ^= 1
                var lines = whole
                lines[index] = String(decoding: bytes, as: UTF8.self)
                #expect(!refusal(lines.joined()).hasPrefix("read"))
            }
        }
    }

    @Test func `a PIN that is put into another place does not open there`() throws {
        let numbers = try Self.numbers(2)
        let sealer = MoveSealer(key: key, bundle: "b")
        let row = MoveRow(numbers[0]) { sealer.seal($0, number: numbers[0].number, generation: $1) }
        #expect(row.moved(open: { sealer.open($0, number: $1, generation: $2) }) == numbers[0])
        var swapped = row
        swapped.pins[0].sealed = row.pins[1].sealed
        var renamed = row
        renamed.number = numbers[1].number.description
        for bad in [swapped, renamed] {
            #expect(bad.moved(open: { sealer.open($0, number: $1, generation: $2) }) == nil)
        }
        let later = MoveSealer(key: key, bundle: "c")
        #expect(row.moved(open: { later.open($0, number: $1, generation: $2) }) == nil)
    }

    @Test func `a row that holds what is never written is none, and breaks nothing`() throws {
        let number = try Self.numbers(1)[0]
        let sealer = MoveSealer(key: key, bundle: "b")
        let row = MoveRow(number) { sealer.seal($0, number: number.number, generation: $1) }
        let changes: [(inout MoveRow) -> Void] = [
            { $0.number = "12" }, { $0.desired["token_name"] = nil }, { $0.desired["surprise"] = "x" },
            { $0.desired["rotation_window"] = "never" }, { $0.desired["rotate_every"] = "soon" },
            { $0.pins[1].generation = 1 }, { $0.pins[0].generation = 0 }, { $0.pins[1].maybeLive = false },
            { $0.pins[0].origin = "found" }, { $0.pins[0].createdAt = "today" },
            { $0.offDoubtAt = Sample.now.description },
            { $0.lastAccepted = "on(x)" }, { $0.recentWrites = ["x"] }, { $0.moves = 0 }, { $0.pins = [] },
            { $0.pins[1].sealed = Data() },
        ]
        for (index, change) in changes.enumerated() {
            var bad = row
            change(&bad)
            #expect(bad.moved(open: { sealer.open($0, number: $1, generation: $2) }) == nil, "change \(index)")
        }
    }

    @Test func `a line without an end is not read for ever`() throws {
        let text = lines(try Self.numbers(1))[0] + String(repeating: "x", count: MoveBundle.longestLine + 100_000)
        #expect(refusal(text).contains("is too long to be a number"))
    }
}

/// A folder for one file, removed with the last reference.
final class StateDirectoryFolder: Sendable {
    private let directory: StateDirectory?

    // Whoever writes into a folder that could not be made fails then.
    init() { directory = try? StateDirectory() }

    /// Writes a file of a name that no other has.
    func write(_ bytes: Data) throws -> String {
        let directory = try #require(directory)
        try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: true)
        let name = UUID().uuidString
        try directory.write(bytes, name)
        return "\(directory.path)/\(name)"
    }
}
