// swift-tools-version: 6.1
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// One room of the house: a library target and, beside it, its tests.
func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(of name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: [.target(name: name)] + dependencies,
        exclude: exclude,
        swiftSettings: strict
    )
}

/// The commit that `twostepd --version` names: what TWOSTEPD_COMMIT says when the program is built, and nothing
/// otherwise. SwiftPM's own knowledge of git is not asked: a wrong commit, from its cache, would be worse than none.
let commit = Context.environment["TWOSTEPD_COMMIT"].flatMap { text in
    text.isEmpty || text.contains { !($0.isHexDigit || "-dirty".contains($0)) } ? nil : text
}

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

// Fuzzers are linked with libFuzzer's own `main`, which no ordinary build has: scripts/fuzz.sh asks for them.
let isFuzzing = Context.environment["TWOSTEPD_FUZZ"] != nil
let testable = SwiftSetting.define("TESTABLE", isFuzzing ? nil : .when(configuration: .debug))

func fuzzer(_ name: String) -> Target {
    .executableTarget(
        name: "fuzz-\(name.lowercased())", dependencies: ["FuzzTargets"], path: "Tests/Fuzzers/\(name)",
        swiftSettings: strict + [testable])
}

let package = Package(
    name: "twostepd",
    products: [
        .executable(name: "twostepd", targets: ["twostepd"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .target(
            name: "BuildCommit", cSettings: commit.map { [.define("TWOSTEPD_COMMIT", to: $0)] } ?? []),
        room("Files"),
        room("Planning"),
        .systemLibrary(name: "CYAML", providers: [.apt(["libyaml-dev"])]),
        room("ConfigFile", ["CYAML", "Files", "Planning", crypto]),
        room("Vendors", ["Planning", nioCore, nioHTTP1, nioPosix, nioSSL, nioTLS]),
        room("Storage", ["Files", "Planning", grdb, sqlite, crypto]),
        room("Reconciler", ["Planning"]),
        room("SimulatedVendor", [nioCore, nioPosix, nioHTTP1]),
        .target(name: "LinuxShim"),
        room(
            "Daemon",
            [
                "BuildCommit", "LinuxShim", "Files", "Planning", "ConfigFile", "Vendors", "Storage", "Reconciler",
                crypto, httpTypes,
                hummingbirdCore, logging, nioCore, nioHTTP1, nioPosix, serviceLifecycle,
            ]
        ),
        .executableTarget(
            name: "twostepd",
            dependencies: [
                "Files", "Planning", "ConfigFile", "Vendors", "Storage", "Reconciler", "Daemon", "SimulatedVendor",
                argumentParser, logging,
            ],
            swiftSettings: strict
        ),
        .target(name: "Dice", path: "Tests/Dice", swiftSettings: strict),
        .target(
            name: "Simulation", dependencies: ["Dice", "Planning", "Storage", "Reconciler"], path: "Tests/Simulation",
            swiftSettings: strict),
        .target(
            name: "Exploration", dependencies: ["Dice", "Planning"], path: "Tests/Exploration", swiftSettings: strict),
        .executableTarget(
            name: "exploration", dependencies: ["Exploration"], path: "Tests/ExplorationRunner", swiftSettings: strict),
        .executableTarget(
            name: "simulation", dependencies: ["Simulation", "Storage"], path: "Tests/SimulationRunner",
            swiftSettings: strict),
        .executableTarget(
            name: "instructions", dependencies: ["ConfigFile", "Planning", "Simulation", "Storage", "Vendors"],
            path: "Tests/Instructions", swiftSettings: strict),
        .target(
            name: "FuzzTargets",
            dependencies: [
                "Planning", "ConfigFile", "Vendors", "Storage", "Reconciler", "Daemon", httpTypes,
                hummingbirdCore, logging,
                nioCore, nioEmbedded, nioHTTP1,
            ],
            path: "Tests/FuzzTargets", swiftSettings: strict + [testable]),
        .testTarget(
            name: "FuzzTests", dependencies: ["FuzzTargets"], exclude: ["Corpus"], swiftSettings: strict + [testable]),
        tests(of: "Files"),
        tests(of: "Planning", ["Dice", "Exploration"]),
        tests(of: "Reconciler", ["Dice", "Planning", "Storage", "Simulation"]),
        tests(of: "ConfigFile", ["Dice", "Files", "Planning"], exclude: ["Fixtures"]),
        tests(of: "Storage", ["Files", "Planning", crypto, grdb]),
        tests(
            of: "Vendors", ["SimulatedVendor", "Planning", nioCore, nioHTTP1, nioPosix, nioSSL],
            exclude: ["Certificates"]),
        tests(of: "SimulatedVendor", [nioCore, nioPosix]),
        .testTarget(name: "TidyTests", swiftSettings: strict),
        .testTarget(
            name: "TwostepdTests",
            dependencies: [
                "twostepd", "Daemon", "ConfigFile", "Files", "LinuxShim", "Planning", "SimulatedVendor", "Storage",
                "Vendors",
                argumentParser, crypto, httpTypes, logging,
            ],
            exclude: ["Golden"],
            swiftSettings: strict),
    ] + (isFuzzing ? ["Files", "Answers", "HTTP"].map(fuzzer) : [])
)
