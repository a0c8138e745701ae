public import Foundation

extension VendorModel {
    /// A request as it was read from the wire.
    public struct Request: Hashable, Sendable {
        public let token: String
        /// The PIN of an enable; nil for a disable.
        public let pin: String?

        /// Reads a body strictly as documented; nil when it is not.
        ///
        /// The simulator must not forgive what the vendor might not.
        public init?(body: Data) {
            // Nil is the answer.
            guard let wire = try? JSONDecoder().decode(Wire.self, from: body) else { return nil }
            switch (wire.action, wire.pin) {
            case (0, let pin?) where SimulatedToken.isPIN(pin): self.init(token: wire.token, pin: pin)
            case (1, nil): self.init(token: wire.token, pin: nil)
            default: return nil
            }
        }

        init(token: String, pin: String?) {
            self.token = token
            self.pin = pin
        }
    }

    private struct Wire: Decodable {
        let token: String
        let action: Int
        let pin: String?
    }
}
