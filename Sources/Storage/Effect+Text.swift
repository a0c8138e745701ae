import Planning

extension Effect {
    /// The form kept in the store: `off` or `on(3)`.
    var storedText: String {
        switch self {
        case .off: "off"
        case .on(let generation): "on(\(generation))"
        }
    }

    /// Reads ``storedText``; nil for anything else.
    init?(storedText text: String) {
        if text == "off" {
            self = .off
        } else if text.hasPrefix("on("), text.hasSuffix(")"), let generation = Int(text.dropFirst(3).dropLast()),
            generation > 0
        {
            self = .on(generation)
        } else {
            return nil
        }
    }
}
