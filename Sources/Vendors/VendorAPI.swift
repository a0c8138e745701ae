import Planning

/// Builds the requests of one vendor and classifies its answers. Each vendor has one, in a folder of its own; the
/// common parts (connections, timeouts, the proof that a lost answer gives, redaction) are elsewhere.
protocol VendorAPI: Sendable {
    /// Returns the request in the form in which it leaves the process.
    func content(of request: VendorRequest) throws(RequestRefusal) -> RequestContent

    /// Returns the proof of an answer with HTTP status 2xx, 4xx or 5xx.
    func judge(_ answer: VendorAnswer) -> Judgement
}

extension Vendor {
    /// The only list of vendors' APIs.
    var api: any VendorAPI {
        switch self {
        case .pickyAssist: PickyAssistAPI()
        case .whatsapp: WhatsAppAPI()
        }
    }
}

/// A request as the vendor documents it: a `POST` with a JSON body or, without a body, a `GET`, which changes nothing.
struct RequestContent: Hashable {
    /// The path after the endpoint's URL: empty, or beginning with a slash.
    var path = ""
    /// The headers in addition to those of every request.
    var headers: [Header] = []
    var body: [UInt8] = []

    struct Header: Hashable {
        let name: String
        let value: String
    }
}

/// The reason why a request cannot be built, so that nothing is sent; one line for an operator.
struct RequestRefusal: Error, Hashable {
    let message: String
}

/// An answer whose head arrived.
struct VendorAnswer {
    let httpStatus: Int
    /// The body, when it is complete and one JSON object.
    let body: JSONObject?
    /// The secret texts of the request: a number in a message may be one of them, and then is not a code.
    let secrets: [String]

    /// True when the HTTP status is 2xx, so that the body alone decides.
    var isSuccess: Bool { (200..<300).contains(httpStatus) }
}

/// The proof that an answer gives, and the parts of the answer to be shown.
struct Judgement: Hashable {
    let reason: OutcomeReason
    /// The vendor's own code.
    var apiStatus: Int?
    /// The vendor's message, unchanged.
    var message: String?
}
