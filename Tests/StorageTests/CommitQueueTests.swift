import Dispatch
import Foundation
import GRDB
import Planning
import Synchronization
import Testing

@testable import Storage

struct CommitQueueTests {
    /// Collects completions and waits for them with a deadline.
    private final class Collector: Sendable {
        private let results = Mutex<[(Int, Result<CommitReceipt, StorageError>)]>([])
        private let group = DispatchGroup()

        func expect(_ index: Int) -> @Sendable (Result<CommitReceipt, StorageError>) -> Void {
            group.enter()
            return { result in
                self.results.withLock { $0.append((index, result)) }
                self.group.leave()
            }
        }

        func wait() throws -> [(index: Int, result: Result<CommitReceipt, StorageError>)] {
            try #require(group.wait(timeout: .now() + 60) == .success, "completions within a minute")
            return results.withLock { $0 }
        }
    }

    /// Keeps the queue busy until the returned closure is called, so that later submissions wait together.
    private func hold(_ queue: CommitQueue) -> () -> Void {
        let gate = DispatchSemaphore(value: 0)
        queue.perform({ _ in gate.wait() }, completion: { _ in })
        return { gate.signal() }
    }

    private func event(_ index: Int) -> StoreMutation {
        .event(EventEntry(at: Sample.at(index), kind: .started, detail: "\(index)"))
    }

    /// Returns a store on a disk without a free page, and an event that needs many pages when it is committed often.
    private func storeWithoutRoom() throws -> (directory: StateDirectory, store: Store, long: StoreMutation) {
        let directory = try StateDirectory()
        let store = try Store.open(at: directory.location, key: Sample.key)
        _ = try store.adopt(Sample.state([try Sample.desired(1)]), at: Sample.now)
        try store.queue.writeWithoutTransaction { db in
            let pages = try #require(try Int.fetchOne(db, sql: "PRAGMA page_count"))
            try db.execute(sql: "PRAGMA max_page_count = \(pages)")
        }
        let long = EventEntry(at: Sample.now, kind: .started, detail: String(repeating: "x", count: 900))
        return (directory, store, .event(long))
    }

    @Test func `what waits is committed together, in order`() throws {
        let store = try Sample.store(1)
        let transactions = Mutex(0)
        let queue = CommitQueue(store: store, batchLimit: 100) { _, _ in transactions.withLock { $0 += 1 } }
        let release = hold(queue)
        let collector = Collector()
        for index in 0..<1000 {
            queue.submit([event(index)], completion: collector.expect(index))
        }
        release()
        let results = try collector.wait()
        #expect(results.map(\.index) == Array(0..<1000))
        #expect(results.allSatisfy { if case .success = $0.result { true } else { false } })
        #expect(transactions.withLock { $0 } == 10)
        let details = try store.reader.events(limit: 1000).reversed().map(\.entry.detail)
        #expect(details == (0..<1000).map { "\($0)" })
    }

    @Test func `a submission that the store refuses fails alone`() throws {
        let store = try Sample.store(1)
        let queue = CommitQueue(store: store)
        let release = hold(queue)
        let collector = Collector()
        for index in 0..<10 {
            let bad = StoreMutation.reschedule(NumberRecord(number: try Sample.number(99)))
            queue.submit(index == 4 ? [event(index), bad] : [event(index)], completion: collector.expect(index))
        }
        release()
        let results = try collector.wait()
        let failed = results.filter { if case .failure = $0.result { true } else { false } }
        #expect(failed.map(\.index) == [4])
        #expect(results.map(\.index) == Array(0..<10))
        let details = try store.reader.events(limit: 9).map(\.entry.detail)
        #expect(details == [9, 8, 7, 6, 5, 3, 2, 1, 0].map { "\($0)" })
    }

    @Test
    func `each submission of a batch has an outcome of its own, and one transaction is enough for all that are kept`()
        throws
    {
        let store = try Sample.store(5)
        let records = try (1...5).map { try store.required($0) }
        let transactions = Mutex<[Bool]>([])
        let queue = CommitQueue(store: store) { _, succeeded in transactions.withLock { $0.append(succeeded) } }
        // Written after the records were read: the third is outdated.
        try store.commit([.order(.rotate(before: Sample.at(5)), .numbers([records[2].number]), at: Sample.at(5))])
        // A change made by hand: the fourth record no longer matches its row.
        try store.addGeneration(1, "284715", to: 4)
        let fourth = try store.required(4)
        try store.execute("UPDATE pins SET maybe_live = 0, doubt_at = NULL")
        let release = hold(queue)
        let collector = Collector()
        for (index, record) in (records[0...2] + [fourth] + [records[4]]).enumerated() {
            var record = record
            record.attempts = 7
            queue.submit(
                [event(index), .save(record, newGeneration: nil, touched: [])], completion: collector.expect(index))
        }
        // A number that the store does not know: SQLite alone would detect it at the end of the whole batch.
        queue.submit([event(5), .openChange(try Sample.change(1, 99))], completion: collector.expect(5))
        queue.submit([event(6), .openChange(try Sample.change(2, 1))], completion: collector.expect(6))
        release()
        let outcomes = try collector.wait().map { result -> String in
            switch result.result {
            case .success: "kept"
            case .failure(let error):
                switch error.commitFailure {
                case .outdated: "outdated"
                case .refused: "refused"
                case .outage: "outage"
                }
            }
        }
        #expect(outcomes == ["kept", "kept", "outdated", "refused", "kept", "refused", "kept"])
        #expect(transactions.withLock { $0 } == [true])
        #expect(try (1...5).map { try store.required($0).attempts } == [7, 7, 0, 0, 7])
        #expect(try store.required(3).orderedRotation?.at == Sample.at(5))
        #expect(try store.reader.unansweredChanges().map(\.id) == [2])
        let details = try store.reader.events(limit: 5).map(\.entry.detail)
        #expect(details.prefix(4) == ["6", "4", "1", "0"], "nothing is left of what was refused")
        #expect(try store.reader.verifyAudit().first == nil)
    }

    @Test func `a full disk fails the whole batch, and the queue goes on when there is room`() throws {
        let (directory, store, long) = try storeWithoutRoom()
        let queue = CommitQueue(store: store)
        let release = hold(queue)
        let collector = Collector()
        for index in 0..<50 {
            queue.submit([long], completion: collector.expect(index))
        }
        release()
        let results = try collector.wait()
        for result in results {
            #expect(throws: StorageError.diskFull(path: directory.location.database)) { try result.result.get() }
        }
        #expect(try store.count("events") == 1)
        try store.queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = 1000000") }
        let after = Collector()
        queue.submit([long], completion: after.expect(0))
        _ = try #require(try after.wait().first).result.get()
    }

    @Test func `a disk that fails while the bad one of a batch is looked for fails the rest, and each is told why`()
        throws
    {
        let (directory, store, long) = try storeWithoutRoom()
        let queue = CommitQueue(store: store)
        let release = hold(queue)
        let collector = Collector()
        let bad = StoreMutation.reschedule(NumberRecord(number: try Sample.number(99)))
        queue.submit([bad], completion: collector.expect(0))
        for index in 1..<50 {
            queue.submit([StoreMutation](repeating: long, count: 10), completion: collector.expect(index))
        }
        release()
        let results = try collector.wait()
        #expect(results.map(\.index) == Array(0..<50))
        #expect(
            throws: StorageError.mismatch(number: try Sample.number(99), problem: "the store does not know the number")
        ) {
            try results[0].result.get()
        }
        let full = StorageError.diskFull(path: directory.location.database)
        #expect(throws: full) { try results[49].result.get() }
        let failed = results.dropFirst().drop { if case .success = $0.result { true } else { false } }
        #expect(
            failed.allSatisfy { if case .failure(full) = $0.result { true } else { false } },
            "nothing after it is tried")
    }

    @Test func `work runs between the commits before and after it`() throws {
        let store = try Sample.store(1)
        let queue = CommitQueue(store: store)
        let release = hold(queue)
        let collector = Collector()
        let seen = Mutex<Int?>(nil)
        queue.submit([event(1)], completion: collector.expect(1))
        let worked = collector.expect(2)
        queue.perform({ store throws(StorageError) in try store.reader.events(limit: 9).count }) { result in
            if case .success(let count) = result { seen.withLock { $0 = count } }
            worked(.success(CommitReceipt()))
        }
        queue.submit([event(3)], completion: collector.expect(3))
        release()
        #expect(try collector.wait().map(\.index) == [1, 2, 3])
        #expect(seen.withLock { $0 } == 2, "the adoption's event and the one before")
    }

    @Test func `a queue that is full says so and loses nothing that it took`() throws {
        let store = try Sample.store(1)
        let queue = CommitQueue(store: store, capacity: 2)
        let started = DispatchSemaphore(value: 0)
        let gate = DispatchSemaphore(value: 0)
        queue.perform(
            { _ in
                started.signal(); gate.wait()
            }, completion: { _ in })
        try #require(started.wait(timeout: .now() + 60) == .success)
        let collector = Collector()
        for index in 0..<3 {
            queue.submit([event(index)], completion: collector.expect(index))
        }
        gate.signal()
        let results = try collector.wait()
        for result in results where result.index == 2 {
            #expect(throws: StorageError.queueFull(waiting: 2)) { try result.result.get() }
        }
        #expect(try store.count("events") == 3)
        #expect(results.count == 3)
    }
}
