// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

/// The simulation runs these millions of times, in tests too.
let optimised: [SwiftSetting] = settings + [.unsafeFlags(["-O"], .when(configuration: .debug))]

/// One process of the system: a command of `TrunklineServices`.
func service(_ name: String) -> Target {
    .executableTarget(
        name: name,
        dependencies: ["TrunklineServices", .product(name: "ArgumentParser", package: "swift-argument-parser")],
        swiftSettings: settings)
}

let package = Package(
    name: "trunkline",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "trunkline", targets: ["trunkline"]),
        .executable(name: "branch-publisher", targets: ["branch-publisher"]),
        .executable(name: "branch-ack-listener", targets: ["branch-ack-listener"]),
        .executable(name: "branch-ingestor", targets: ["branch-ingestor"]),
        .executable(name: "branch-acker", targets: ["branch-acker"]),
        .executable(name: "head-ingestor", targets: ["head-ingestor"]),
        .executable(name: "head-acker", targets: ["head-acker"]),
        .executable(name: "head-publisher", targets: ["head-publisher"]),
        .executable(name: "head-ack-listener", targets: ["head-ack-listener"]),
        .executable(name: "stale-reaper", targets: ["stale-reaper"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.6.0"),
        .package(
            url: "https://github.com/apple/swift-configuration", from: "1.0.0", traits: [.defaults, "YAML"]),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.0.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.14.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.9.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
        .package(url: "https://github.com/jpsim/Yams", "5.4.0"..<"7.0.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.8.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(
            name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(
            name: "CRabbitMQ", pkgConfig: "librabbitmq", providers: [.apt(["librabbitmq-dev"])]),
        .systemLibrary(
            name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .target(
            name: "TrunklineCore",
            dependencies: [
                "CZstd",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: optimised),
        .target(
            name: "TrunklinePostgres", dependencies: ["TrunklineCore", "CLibPQ"], swiftSettings: settings),
        .target(
            name: "TrunklineSQLite",
            dependencies: [
                "TrunklineCore", .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            swiftSettings: optimised),
        .target(
            name: "TrunklineRabbitMQ", dependencies: ["TrunklineCore", "CRabbitMQ"], swiftSettings: settings),
        .target(name: "TrunklineHTTP", dependencies: ["CCurl"], swiftSettings: settings),
        .target(
            name: "TrunklineManagement",
            dependencies: [
                "TrunklineCore", "TrunklineHTTP", "TrunklineRabbitMQ",
            ],
            swiftSettings: settings),
        .target(
            name: "TrunklineMonitoring",
            dependencies: [
                "TrunklineCore",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings),
        .target(name: "TrunklineTesting", dependencies: ["TrunklineCore"], swiftSettings: settings),
        .executableTarget(
            name: "trunkline-chaos",
            dependencies: [
                "TrunklineTesting", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/Chaos", swiftSettings: settings),
        .testTarget(
            name: "TrunklineCoreTests",
            dependencies: [
                "TrunklineCore", "TrunklineTesting",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "ServiceLifecycleTestKit", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "TrunklineRabbitMQTests",
            dependencies: [
                "TrunklineRabbitMQ", "TrunklineHTTP", "TrunklineManagement", "TrunklineCore", "TrunklineTesting",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "TrunklineStoreTests",
            dependencies: ["TrunklinePostgres", "TrunklineSQLite", "TrunklineCore", "TrunklineTesting"],
            exclude: ["Version01"], swiftSettings: settings),
        .target(name: "CSQLiteMemory", path: "Tests/CSQLiteMemory", linkerSettings: [.linkedLibrary("sqlite3")]),
        .testTarget(
            name: "TrunklineSimulationTests",
            dependencies: [
                "CSQLiteMemory", "TrunklineCore", "TrunklineSQLite", "TrunklineTesting",
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: optimised),
        .target(
            name: "TrunklineRuntime",
            dependencies: [
                "TrunklineCore", "TrunklineMonitoring", "TrunklinePostgres", "TrunklineSQLite", "TrunklineRabbitMQ",
                "TrunklineTerminal",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: settings),
        .target(name: "TrunklineTerminal", dependencies: ["TrunklineCore"], swiftSettings: settings),
        .target(
            name: "TrunklineServices",
            dependencies: ["TrunklineRuntime", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            swiftSettings: settings),
        service("branch-publisher"),
        service("branch-ack-listener"),
        service("branch-ingestor"),
        service("branch-acker"),
        service("head-ingestor"),
        service("head-acker"),
        service("head-publisher"),
        service("head-ack-listener"),
        service("stale-reaper"),
        .executableTarget(
            name: "trunkline",
            dependencies: [
                "TrunklineCore", "TrunklineHTTP", "TrunklineManagement", "TrunklineMonitoring", "TrunklineRuntime",
                "TrunklineServices", "TrunklineTerminal",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "TrunklineRuntimeTests",
            dependencies: [
                "TrunklineCore", "TrunklineManagement", "TrunklineMonitoring", "TrunklineRuntime", "TrunklineTerminal",
                "trunkline",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "TrunklineMonitoringTests",
            dependencies: [
                "TrunklineCore", "TrunklineMonitoring",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "TrunklineSystemTests",
            dependencies: [
                "TrunklineCore", "TrunklineRabbitMQ", "TrunklineTesting", "trunkline", "branch-publisher",
                "branch-ack-listener", "head-ingestor", "head-acker", "stale-reaper",
            ],
            swiftSettings: settings),
    ]
)
