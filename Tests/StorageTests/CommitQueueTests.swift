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
        private let results = Mutex<[(Int, Result<Void, StorageError>)]>([])
        private let group = DispatchGroup()

        func expect(_ index: Int) -> @Sendable (Result<Void, StorageError>) -> Void {
            group.enter()
            return { result in
                self.results.withLock { $0.append((index, result)) }
                self.group.leave()
            }
        }

        func wait() throws -> [(index: Int, result: Result<Void, StorageError>)] {
            try #require(group.wait(timeout: .now() + 60) == .success, "completions within a minute")
            return results.withLock { $0 }
        }
    }

    /// Keeps the queue busy until `release` is called, so that what is submitted meanwhile waits together.
    private func hold(_ queue: CommitQueue) -> () -> Void {
        let gate = DispatchSemaphore(value: 0)
        queue.perform({ _ in gate.wait() }, completion: { _ in })
        return { gate.signal() }
    }

    private func event(_ index: Int) -> StoreMutation {
        .event(EventEntry(at: Sample.at(index), kind: .started, detail: "\(index)"))
    }

    /// A store on a disk that has no page left, and an event that would need many of them when it comes often.
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
            let bad = StoreMutation.reschedule(try Sample.number(99), dueAt: nil)
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
        try #require(try after.wait().first).result.get()
    }

    @Test func `a disk that fails while the bad one of a batch is looked for fails the rest, and each is told why`()
        throws
    {
        let (directory, store, long) = try storeWithoutRoom()
        let queue = CommitQueue(store: store)
        let release = hold(queue)
        let collector = Collector()
        let bad = StoreMutation.reschedule(try Sample.number(99), dueAt: nil)
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
            worked(.success(()))
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
