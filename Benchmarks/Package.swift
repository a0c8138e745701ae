// swift-tools-version: 6.1
import PackageDescription

// A package of its own, so that nobody who builds the program builds its measurements.
let package = Package(
    name: "benchmarks",
    dependencies: [.package(url: "https://github.com/jpsim/Yams", from: "6.2.2")],
    targets: [
        .executableTarget(name: "ComposeBaseline", dependencies: [.product(name: "Yams", package: "Yams")])
    ]
)
