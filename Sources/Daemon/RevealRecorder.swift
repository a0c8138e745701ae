public import ConfigFile
import Glibc
public import Planning
import Storage

/// Records that PINs are revealed: through the daemon when one runs, in the store itself otherwise.
public enum RevealRecorder {
    /// Records `reveal` durably. Throws when that fails; then nothing may be shown.
    public static func record(
        _ reveal: ControlMessage.PINReveal, number: PhoneNumber, actor: String, settings: Settings,
        environment: [String: String], now: Instant
    ) async throws {
        let location = StoreLocation(directory: settings.stateDirectory)
        let lock: StoreLock
        do throws(StorageError) {
            lock = try StoreLock.acquire(at: location, command: "pin show", pid: getpid(), now: now)
        } catch .lockHeld {
            _ = try await ControlClient(settings).recordReveal(reveal)
            return
        } catch {
            throw StartupError.store(error)
        }
        try StoreUnderLock.perform(lock, settings: settings, environment: environment) { store throws(StorageError) in
            let event = ControlService.revealEvent(reveal, number: number, actor: actor, at: now)
            guard let delay = try store.reader.rotationAfterReveal(of: number) else {
                try store.commit([.event(event)])
                return
            }
            // For the next start: it is in the store before anything is shown.
            let rotation = PendingReveal(number: number, event: event).rotation(after: delay)
            try store.commit([.order(rotation.order, rotation.scope, at: now), .event(rotation.event)])
        }
    }
}

/// A reveal of a number's PINs that is about to be recorded.
struct PendingReveal: Sendable {
    let number: PhoneNumber
    let event: EventEntry

    /// Returns the rotation that follows from the reveal, and its event in the audit trail.
    ///
    /// - Parameter delay: the time from a reveal to the rotation of the number's PIN.
    func rotation(after delay: Duration) -> (order: Order, scope: OrderScope, event: EventEntry) {
        let instant = event.at.advanced(by: delay)
        let reported = EventEntry(
            at: event.at, kind: event.kind, number: number, actor: event.actor,
            detail: event.detail + " (the PIN is rotated at \(instant))")
        return (.rotate(before: instant), .numbers([number]), reported)
    }
}
