import Dispatch
import Foundation
import Synchronization

/// A task on another processor.
final class BackgroundWork<Value: Sendable>: Sendable {
    private let group = DispatchGroup()
    private let outcome = Mutex<Result<Value, any Error>?>(nil)

    init(_ work: @escaping @Sendable () throws -> Value) {
        DispatchQueue(label: "twostepd.backgroundWork").async(group: group) {
            let result = Result { try work() }
            self.outcome.withLock { $0 = result }
        }
    }

    /// Waits for the end of the task, and returns its result.
    func result() throws -> Value {
        group.wait()
        guard let result = outcome.withLock({ $0 }) else { preconditionFailure("an errand that ended has a result") }
        return try result.get()
    }
}

extension Array where Element: Sendable {
    /// Returns the values that `transform` makes of each element, in their order; uses all processors.
    func mapInParallel<Value: Sendable>(_ transform: @Sendable (Element) throws -> Value) throws -> [Value] {
        let parts = Swift.max(1, Swift.min(ProcessInfo.processInfo.activeProcessorCount, count / 1000))
        guard parts > 1 else { return try map(transform) }
        let results = Mutex<[Int: Result<[Value], any Error>]>([:])
        DispatchQueue.concurrentPerform(iterations: parts) { part in
            let slice = self[count * part / parts..<count * (part + 1) / parts]
            let result = Result { try slice.map(transform) }
            results.withLock { $0[part] = result }
        }
        return try results.withLock { $0 }.sorted { $0.key < $1.key }.flatMap { try $0.value.get() }
    }
}
