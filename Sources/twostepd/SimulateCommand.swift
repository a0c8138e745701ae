import ArgumentParser
import Daemon
import Foundation
import SimulatedVendor

/// `twostepd simulate`.
struct SimulateCommand: AsyncParsableCommand, WatchesSignals {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Simulate the vendors over HTTP on loopback, with every answer and every fault.",
        discussion: """
            Examples:
              twostepd simulate --port 8080 --token secret-1 --token secret-2=foreign:123456
              twostepd simulate --semantics ignore,refuse --fault closeAfter=0.05 --fault landLate=0.05
              twostepd simulate --semantics replace,never --token secret-1=foreign:123456
              twostepd simulate --port 8080 --whatsapp 106540352242922=secret-3=foreign:123456
              twostepd simulate --token secret-1 --whatsapp 106540352242922=secret-3=of:secret-1
              curl -s http://127.0.0.1:8080/_sim/truth
              curl -s -X PUT -d '{}' http://127.0.0.1:8080/_sim/faults
              curl -s -d '{"name":"secret-1","state":"off"}' http://127.0.0.1:8080/_sim/stranger

            It prints two URLs: the endpoint of Picky Assist's numbers, and that of WhatsApp's, which serves numbers by id. \
            Semantics are what Picky Assist's enable does while on (replace, ignore, refuse) and its disable while off \
            (accept, refuse; never is a vendor that refuses every disable). \
            Faults: \(Fault.allCases.map(\.rawValue).joined(separator: ", ")).
            Under /_sim/: GET truth, counters, requests, looks; PUT faults, look-faults, semantics, tokens, numbers, blocked, \
            app-limit, frozen-looks; POST script, look-script, stranger, outage.
            """
    )

    @Option(name: .long, help: "The port to listen on; 0 for any free one.")
    var port = 0
    @Option(name: .long, help: "A number of Picky Assist: TOKEN, TOKEN=off or TOKEN=foreign:123456; once for each.")
    var token: [String] = []
    @Option(
        name: .long,
        help: """
            A number of WhatsApp's API: ID=TOKEN, ID=TOKEN=off, ID=TOKEN=foreign:123456, or ID=TOKEN=of:PICKY-ASSIST-TOKEN \
            for the id of a --token's number; ID+15550100001 names its phone number; once for each.
            """)
    var whatsapp: [String] = []
    @Option(name: .long, help: "What Picky Assist does where its documentation is silent.")
    var semantics = "replace,accept"
    @Option(name: .long, help: "FAULT=PROBABILITY; once for each fault.")
    var fault: [String] = []
    @Option(name: .customLong("every-fault"), help: "The probability of every fault.")
    var everyFault: String?
    @Option(name: .long, help: "The seed of the faults: the same seed, the same faults.")
    var seed: UInt64 = 1

    func run() async throws {
        guard (0...65_535).contains(port) else { throw CommandFailure.usage("--port must be 0 to 65535") }
        let vendor = try await SimulatedVendor(try options(), port: port)
        if let everyFault { vendor.setEveryFault(try Fault.probability(everyFault)) }
        Console.print(vendor.url)
        Console.print(vendor.whatsappURL)
        Console.note(
            "these are the endpoints of Picky Assist (\(semantics)) and WhatsApp, simulated until Ctrl-C; the truth is at "
                + "http://127.0.0.1:\(vendor.port)/_sim/truth")
        let stopped = AsyncStream<Void>.makeStream()
        let signals = SignalWatcher { _ in stopped.continuation.yield() }
        for await _ in stopped.stream { break }
        withExtendedLifetime(signals) {}
        try await vendor.stop()
    }

    private func options() throws -> SimulatedVendor.Options {
        var options = SimulatedVendor.Options()
        options.seed = seed
        options.semantics = try VendorSemantics(parsing: semantics)
        options.tokens = try token.map { try SimulatedToken(parsing: $0) }
        options.numbers = try whatsapp.map { try SimulatedNumber(parsing: $0) }
        for text in fault {
            let (fault, probability) = try Fault.parse(text)
            options.faults[fault] = probability
        }
        return options
    }
}
