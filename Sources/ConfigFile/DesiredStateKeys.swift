/// The keys at the top of a desired-state file.
enum RootKey: String, FieldKey {
    case version
    case defaults
    case numbers
}

/// The keys that `defaults` may hold and each entry may override.
enum DefaultKey: String, FieldKey {
    case vendor
    case onNewToken = "on_new_token"
    case endpoint
    case verification
    case rotateEvery = "rotate_every"
    case reapplyEvery = "reapply_every"
    case rotationMethod = "rotation_method"
    case rotationWindow = "rotation_window"
    case rotateBefore = "rotate_before"
    case rotateAfterReveal = "rotate_after_reveal"
    case observer
    case observerEndpoint = "observer_endpoint"
    case observeEvery = "observe_every"

    /// The same key in an entry.
    var inEntry: EntryKey {
        switch self {
        case .vendor: .vendor
        case .onNewToken: .onNewToken
        case .endpoint: .endpoint
        case .verification: .verification
        case .rotateEvery: .rotateEvery
        case .reapplyEvery: .reapplyEvery
        case .rotationMethod: .rotationMethod
        case .rotationWindow: .rotationWindow
        case .rotateBefore: .rotateBefore
        case .rotateAfterReveal: .rotateAfterReveal
        case .observer: .observer
        case .observerEndpoint: .observerEndpoint
        case .observeEvery: .observeEvery
        }
    }
}

/// The keys of an entry of `numbers`.
enum EntryKey: String, FieldKey {
    case number
    case label
    case token
    case pin
    case vendor
    case phoneNumberID = "phone_number_id"
    case onNewToken = "on_new_token"
    case endpoint
    case verification
    case rotateEvery = "rotate_every"
    case reapplyEvery = "reapply_every"
    case rotationMethod = "rotation_method"
    case rotationWindow = "rotation_window"
    case rotateBefore = "rotate_before"
    case rotateAfterReveal = "rotate_after_reveal"
    case observer
    case observerEndpoint = "observer_endpoint"
    case observeEvery = "observe_every"
}
