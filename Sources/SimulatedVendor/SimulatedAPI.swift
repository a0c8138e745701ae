import Foundation
import NIOHTTP1

/// The requests and answers of one vendor's API, as bytes.
protocol SimulatedAPI: Sendable {
    /// Whether a request is addressed to this API.
    func serves(_ method: HTTPMethod, path: String) -> Bool

    /// Reads a request strictly as documented; nil when it does not even name a number.
    ///
    /// The simulator must not forgive what the vendor might not.
    func request(_ head: HTTPRequestHead, _ body: Data) -> VendorModel.Request?

    /// The documented answer.
    func answer(_ verdict: VendorModel.Verdict) -> Answer

    /// The answer when a server fails.
    var serverError: Answer { get }

    /// A success that is larger than any client should read: this text is somewhere in it.
    func success(padding: String) -> Answer

    /// An answer with its status as a string, where the API has a status that may be one.
    func withStringStatus(_ answer: Answer) -> Answer
}

/// An HTTP answer, whole.
struct Answer: Hashable, Sendable {
    var status: HTTPResponseStatus
    var body: String
    var type: String

    static func json(_ status: HTTPResponseStatus, _ body: String) -> Answer {
        Answer(status: status, body: body, type: "application/json")
    }

    static func text(_ status: HTTPResponseStatus, _ body: String) -> Answer {
        Answer(status: status, body: body, type: "text/plain")
    }

    static func html(_ status: HTTPResponseStatus, _ body: String) -> Answer {
        Answer(status: status, body: "<html><body>\(body)</body></html>", type: "text/html")
    }
}
