public import ConfigFile
import Foundation
import Glibc
public import Planning
public import Storage

/// The store that numbers leave or come to: through its daemon when one works on it, and under its lock otherwise.
///
/// Whoever moves numbers has the sealing key: PINs are sealed anew here, and none goes over the control socket in plain.
public final class MoveSession {
    private enum Desk {
        case daemon(ControlClient)
        case store(Store, StoreLock)
    }

    /// How many numbers are handed over in one transaction.
    public static let pageSize = 200
    /// How many bytes of rows go into one request to the daemon, with room for what is around them.
    private static let mostBytes = LocalServer.bodyLimit * 3 / 4

    /// The store with its PINs.
    public let reader: StoreReader
    /// The id of the key that the store is sealed under.
    public let keyID: String
    private let desk: Desk
    private let sealer: PINSealer
    private let settings: Settings
    private let actor: String
    private let clock = SystemClock()

    /// Opens the store; makes one when there is none and `command` takes numbers in.
    public init(
        settings: Settings, environment: [String: String], actor: String, command: String, makesStore: Bool
    ) throws(StartupError) {
        let secrets = SecretSources.read(settings: settings, environment: environment)
        guard let sources = secrets.value else { throw .configuration(secrets.rendered(color: false)) }
        self.settings = settings
        self.actor = actor
        let location = StoreLocation(directory: settings.stateDirectory)
        let now = clock.now()
        do throws(StorageError) {
            guard makesStore || location.hasStore else { throw .noStore(path: location.database) }
            let lock: StoreLock
            do throws(StorageError) {
                lock = try StoreLock.acquire(at: location, command: command, pid: getpid(), now: now)
            } catch .lockHeld {
                guard let (key, _) = try StoreKey.forReading(at: location, secrets: sources, settings: settings) else {
                    throw .keyNeeded(path: location.database, id: StoreReader.keyID(at: location))
                }
                reader = try StoreReader.open(at: location, key: key)
                (desk, keyID, sealer) = (
                    .daemon(ControlClient(socket: settings.controlSocket)), key.id, PINSealer(key: key)
                )
                return
            }
            let (key, origin) = try StoreKey.forWriting(at: location, secrets: sources, settings: settings)
            let store = try Store.open(at: location, key: key)
            if case .generated(let path) = origin {
                try store.commit([
                    .event(EventEntry(at: now, kind: .keyGenerated, detail: "key \(key.id) made at \(path)"))
                ])
            }
            // What a daemon that was cut off had on its way is doubtful, and goes along as such.
            _ = try store.recoverInterrupted(at: now)
            reader = store.reader
            (desk, keyID, sealer) = (.store(store, lock), key.id, PINSealer(key: key))
        } catch {
            throw StartupError(error)
        }
    }

    /// Closes the store and frees its lock.
    public func close() throws(StartupError) {
        do throws(StorageError) {
            switch desk {
            case .daemon: try reader.close()
            case .store(let store, let lock):
                try store.close()
                try lock.release()
            }
        } catch {
            throw StartupError(error)
        }
    }

    /// Hands numbers over with `bundle`, and gives what goes with them, in their order.
    ///
    /// - Parameters:
    ///   - numbers: at most ``pageSize``.
    ///   - bundle: the id of the bundle that they go in.
    ///   - again: whether one that has gone already may go once more, because its bundle was lost unused.
    public func handOver(
        _ numbers: [PhoneNumber], with bundle: String, again: Bool
    ) async throws -> [MovedNumber] {
        precondition(numbers.count <= Self.pageSize, "a page of numbers is handed over at once")
        switch desk {
        case .daemon(let client): _ = try await client.move(message(bundle, out: numbers, again: again))
        case .store(let store, _):
            try store.handOver(numbers, with: bundle, again: again, at: clock.now(), actor: actor)
        }
        return try numbers.map { number in
            guard let moved = try reader.moved(number, with: bundle, at: clock.now()) else {
                throw StartupError.unavailable(
                    "\(number) came back while it was handed over: nothing is lost, try again")
            }
            return moved
        }
    }

    /// Takes numbers in, in pages.
    public func takeIn(_ numbers: [MovedNumber], from origin: MoveOrigin) async throws {
        switch desk {
        case .store(let store, _):
            _ = try store.takeIn(
                numbers, from: origin, at: clock.now(), actor: actor, settleDelay: settings.timing.settleDelay)
        case .daemon(let client):
            let encoder = JSONCoding.encoder
            var page: [MoveRow] = []
            var bytes = 0
            for moved in numbers {
                let row = MoveRow(moved, sealedBy: sealer)
                let size = try encoder.encode(row).count
                guard size <= Self.mostBytes else {
                    throw StartupError.unavailable(
                        "\(moved.number) has too many PINs to go through the daemon: stop it, and try again")
                }
                if bytes + size > Self.mostBytes {
                    _ = try await client.move(message(origin.bundle, source: origin.source, in: page))
                    (page, bytes) = ([], 0)
                }
                page.append(row)
                bytes += size
            }
            guard !page.isEmpty else { return }
            _ = try await client.move(message(origin.bundle, source: origin.source, in: page))
        }
    }

    private func message(
        _ bundle: String, source: String? = nil, out: [PhoneNumber]? = nil, again: Bool = false,
        in rows: [MoveRow]? = nil
    ) -> ControlMessage.Move {
        ControlMessage.Move(
            stateDirectory: settings.stateDirectory, bundle: bundle, source: source, out: out?.map(\.description),
            again: again, in: rows, onBehalfOf: actor)
    }
}
