import Testing

@testable import Daemon

@Suite("The unit that advice names")
struct ServiceUnitTests {
    @Test(arguments: [
        ("/run/twostepd/control.sock", "twostepd"), ("/var/lib/twostepd", "twostepd"),
        ("/run/twostepd-acme/control.sock", "twostepd@acme"), ("/var/lib/twostepd-acme", "twostepd@acme"),
        ("/var/lib/private/twostepd-a-b", "twostepd@a-b"), ("/run/twostepd-/control.sock", "twostepd"),
        ("/srv/twostepd-acme", "twostepd"), ("state", "twostepd"),
    ])
    func `is the instance's where the directory is one of an instance`(_ path: String, _ unit: String) {
        #expect(ServiceUnit.name(for: path) == unit)
    }
}
