import Foundation
import NIOHTTP1

/// The requests and answers of one vendor's API, as bytes.
protocol SimulatedAPI: Sendable {
    /// Returns whether a request is addressed to this API.
    func serves(_ method: HTTPMethod, path: String) -> Bool

    /// Parses a request strictly as documented; nil when it does not even name a number.
    ///
    /// The simulator must reject whatever the vendor might reject.
    func request(_ head: HTTPRequestHead, _ body: Data) -> VendorModel.Request?

    /// Returns the documented answer.
    func answer(_ verdict: VendorModel.Verdict) -> Answer

    /// The answer when a server fails.
    var serverError: Answer { get }

    /// Returns a success that is larger than any client should read, with this text somewhere in it.
    func success(padding: String) -> Answer

    /// Returns an answer with its status as a string, if the API has a status that can be one.
    func withStringStatus(_ answer: Answer) -> Answer
}

/// A complete HTTP answer.
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
