public import ConfigFile
import Foundation
import NIOCore
import NIOHTTP1
import Planning
public import Storage
import Vendors

/// A client of a running daemon, over its control socket.
public struct ControlClient: Sendable {
    /// A reason why the daemon could not be asked, or did not carry out the request.
    public enum Failure: Error, CustomStringConvertible {
        /// No process answers at this path.
        case noDaemon(path: String)
        /// No process answers at this path, although a process works on the store.
        case storeHeld(path: String, directory: String, LockHolder)
        /// This user may not connect.
        case forbidden(path: String)
        /// The daemon ended before it answered: the request may have been carried out, or may be at the next start.
        case ended(path: String)
        /// A process listens but has not answered: the request may have been carried out, or may be later.
        case noAnswer(path: String, problem: String)
        /// The daemon answered that it did not carry out the request; the exit code for the command.
        case refused(String, exitCode: Int32)

        /// True when there is no daemon that could answer, as far as this user can tell.
        public var isOfAbsence: Bool {
            switch self {
            case .noDaemon, .storeHeld, .forbidden, .ended: true
            case .noAnswer, .refused: false
            }
        }

        public var description: String {
            switch self {
            case .noDaemon(let path):
                "no daemon answers at \(path): start it with `twostepd run`, or `systemctl start \(ServiceUnit.name(for: path))`"
            case .storeHeld(let path, let directory, let holder) where holder.command == "run":
                "the daemon that works on \(directory) (\(holder)) does not answer at \(path): compare runtime_directory with "
                    + "the settings that it was started with; if it is the same, `systemctl restart \(ServiceUnit.name(for: path))`"
            case .storeHeld(let path, let directory, let holder):
                "no daemon answers at \(path): another process works on \(directory) (\(holder)); wait until it has ended, "
                    + "then start the daemon with `twostepd run`, or `systemctl start \(ServiceUnit.name(for: path))`"
            case .forbidden(let path):
                "you have no permission to connect to \(path): use sudo, or have an administrator add you to the group "
                    + "of that socket (`usermod -aG twostepd USER`)"
            case .ended(let path):
                "the daemon at \(path) ended before it answered, and may have carried out the request: see `twostepd "
                    + "status` and `twostepd history --events` before you repeat it; start the daemon with `twostepd "
                    + "run`, or `systemctl start \(ServiceUnit.name(for: path))`"
            case .noAnswer(let path, let problem):
                "the daemon at \(path) has not answered (\(problem)), and may have carried out the request: see "
                    + "`twostepd status` and `twostepd history --events` before you repeat it"
            case .refused(let message, _): message
            }
        }
    }

    private let socket: String
    private let location: StoreLocation

    /// - Parameter settings: name the control socket, and the store that its daemon works on.
    public init(_ settings: Settings) {
        socket = settings.controlSocket
        location = StoreLocation(directory: settings.stateDirectory)
    }

    /// True when a daemon accepts connections.
    public var isAnswered: Bool { LocalSocket.answers(at: socket) }

    /// Records that PINs are about to be revealed.
    public func recordReveal(_ reveal: ControlMessage.PINReveal) async throws -> ControlMessage.Answer {
        try await post("/v1/pin-reveals", body: try JSONCoding.encoder.encode(reveal))
    }

    /// Has the daemon read the desired state and the secrets again.
    public func reload() async throws -> ControlMessage.Answer {
        try await post("/v1/reload", body: Data())
    }

    /// Has the daemon adopt the desired state that is held.
    public func accept(_ message: ControlMessage.Accept) async throws -> ControlMessage.Answer {
        try await post("/v1/accept", body: try JSONCoding.encoder.encode(message))
    }

    /// Gives the daemon an order.
    public func order(_ message: ControlMessage.OrderRequest) async throws -> ControlMessage.Answer {
        try await post("/v1/orders", body: try JSONCoding.encoder.encode(message))
    }

    /// Reports observations of numbers.
    public func report(_ message: ControlMessage.ObservationReport) async throws -> ControlMessage.Answer {
        try await post("/v1/observations", body: try JSONCoding.encoder.encode(message))
    }

    /// Requests the daemon's own view: secrets, endpoints, servers, limits and last failures.
    public func view(within limit: Duration = Self.patience) async throws -> DaemonView {
        let data = try await send(.GET, "/v1/daemon", body: nil, limit: Self.maxView, within: limit)
        do { return try JSONCoding.decoder.decode(DaemonView.self, from: data) } catch {
            throw Failure.noAnswer(path: socket, problem: "it is of another version and does not know this request")
        }
    }

    /// Requests the marks of the daemon's secrets.
    func secretMarks() async throws -> SecretMarks {
        SecretMarks(
            text: String(
                decoding: try await send(.GET, "/v1/secret-marks", body: nil, limit: Self.maxMarks), as: UTF8.self))
    }

    /// The time within which an answer must arrive.
    public static let patience: Duration = .seconds(60)
    /// The size limit of a view, in bytes.
    private static let maxView = 1 << 20
    /// The size limit of the marks, in bytes: those of a million tokens.
    private static let maxMarks = 128 << 20

    private func post(_ path: String, body: Data) async throws -> ControlMessage.Answer {
        let data = try await send(.POST, path, body: body, limit: LocalServer.bodyLimit)
        let answer: ControlMessage.Answer
        do {
            answer = try JSONCoding.decoder.decode(ControlMessage.Answer.self, from: data)
        } catch {
            throw Failure.noAnswer(path: socket, problem: "its answer cannot be understood")
        }
        guard answer.done else { throw Failure.refused(answer.message, exitCode: answer.exitCode) }
        return answer
    }

    private func send(
        _ method: HTTPMethod, _ path: String, body: Data?, limit: Int, within patience: Duration = Self.patience
    ) async throws -> Data {
        switch LocalSocket.reception(at: socket) {
        case .accepted: break
        case .forbidden: throw Failure.forbidden(path: socket)
        case .absent: throw absence
        }
        do {
            return Data(
                try await LocalHTTP.send(
                    method, path, body: body.map { Array($0) } ?? [], toSocket: socket, limit: limit, within: patience))
        } catch {
            guard isAnswered else { throw Failure.ended(path: socket) }
            throw Failure.noAnswer(path: socket, problem: String("\(error)".onOneLine().prefix(200)))
        }
    }

    /// Why nobody answers.
    private var absence: Failure {
        // A lock that this user may not inspect is not known to be held.
        guard let holder = try? StoreLock.holder(at: location) else { return .noDaemon(path: socket) }
        return .storeHeld(path: socket, directory: location.directory, holder)
    }
}
