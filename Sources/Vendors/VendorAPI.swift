import Planning

/// How one vendor is asked, and what its answers prove. Each vendor has one, in a folder of its own; what is common to all
/// (connections, time limits, what a lost answer proves, redaction) is not its business.
protocol VendorAPI: Sendable {
    /// The form in which a request leaves the process.
    func content(of request: VendorRequest) throws(RequestRefusal) -> RequestContent

    /// What an answer with HTTP status 2xx, 4xx or 5xx proves.
    func judge(_ answer: VendorAnswer) -> Judgement
}

extension Vendor {
    /// The one list of vendors' APIs.
    var api: any VendorAPI {
        switch self {
        case .pickyAssist: PickyAssistAPI()
        case .whatsapp: WhatsAppAPI()
        }
    }
}

/// A request as the vendor documents it: a `POST` with a JSON body or, without a body, a `GET`, which changes nothing.
struct RequestContent: Hashable {
    /// What follows the endpoint's URL: empty, or a slash and more.
    var path = ""
    /// The headers beside those of every request.
    var headers: [Header] = []
    var body: [UInt8] = []

    struct Header: Hashable {
        let name: String
        let value: String
    }
}

/// Why a request cannot be made, so that nothing is sent; one line for an operator.
struct RequestRefusal: Error, Hashable {
    let message: String
}

/// An answer that came as far as its head.
struct VendorAnswer {
    let httpStatus: Int
    /// The body, when it came whole and is one JSON object.
    let body: JSONObject?
    /// The texts of the request that are secret: a number in a message may be one of them, and then is no code.
    let secrets: [String]

    /// Whether the HTTP status is 2xx, so that the body alone decides.
    var isSuccess: Bool { (200..<300).contains(httpStatus) }
}

/// What an answer proves, and what of it is shown.
struct Judgement: Hashable {
    let reason: OutcomeReason
    /// The vendor's own code.
    var apiStatus: Int?
    /// The vendor's message, as it came.
    var message: String?
}
