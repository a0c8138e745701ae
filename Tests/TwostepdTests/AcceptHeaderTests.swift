import Testing

@testable import Daemon

@Suite("Which format of metrics is wanted")
struct AcceptHeaderTests {
    @Test(arguments: [
        "application/openmetrics-text", "application/openmetrics-text; version=1.0.0; charset=utf-8",
        "APPLICATION/OpenMetrics-Text;q=0.5,text/plain;q=0.4", "application/openmetrics-text, text/plain",
        "application/openmetrics-text;version=\"1.0.0\";q=0.2,*/*;q=0.1",
        // The header of Prometheus 3.
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;"
            + "version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,"
            + "*/*;q=0.2",
    ])
    func `OpenMetrics, when it is named and wanted as much as the older format`(_ accept: String) {
        #expect(Exposition.Format(accept: accept) == .openMetrics)
    }

    @Test(arguments: [
        nil, "", "*/*", "text/plain", "application/*", "application/openmetrics-text;q=0", "text/html",
        "application/openmetrics-text;q=0.3,text/plain;q=0.9", "application/openmetrics-text;q=0.1,*/*",
        "text/plain;version=0.0.4;q=1,application/openmetrics-text;version=1.0.0;q=0.9",
        "application/openmetrics-text;version=0.0.1", "application/openmetrics-text;q=2",
        "application/openmetrics-text;q=x", "application/openmetrics-text-of-another",
        String(repeating: "a/b,", count: 1000) + "application/openmetrics-text",
    ])
    func `the older format otherwise`(_ accept: String?) { #expect(Exposition.Format(accept: accept) == .prometheus) }
}
