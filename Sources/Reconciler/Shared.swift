/// A value behind a reference. Copies of its holder cost one reference count, and the value itself is copied only when
/// it is changed while another holder shares it.
///
/// Records are large, and the engine passes each of them on several times for every request.
struct Shared<Value: Sendable>: @unchecked Sendable {
    // Never changed while it is referenced more than once, so that it may cross threads.
    private final class Storage {
        var value: Value

        init(_ value: Value) { self.value = value }
    }

    private var storage: Storage

    init(_ value: Value) { storage = Storage(value) }

    var value: Value {
        _read { yield storage.value }
        _modify {
            if !isKnownUniquelyReferenced(&storage) { storage = Storage(storage.value) }
            yield &storage.value
        }
    }
}
