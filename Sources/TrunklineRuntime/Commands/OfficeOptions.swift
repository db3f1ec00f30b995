public import ArgumentParser
internal import FoundationEssentials

/// The options that every executable takes.
public struct OfficeOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Read this YAML file; else the one that TRUNKLINE_CONFIG names.", valueName: "path"))
    public var config: String?

    @Option(help: ArgumentHelp("This office: head, or a branch's name (office.id).", valueName: "id"))
    public var office: String?

    @Option(
        help: ArgumentHelp(
            "This office's database (database.url). Others on this machine can see it; a password belongs in the environment or a file.",
            valueName: "url"))
    public var database: String?

    @Option(help: ArgumentHelp("The broker (broker.url); as above for a password.", valueName: "url"))
    public var broker: String?

    public init() {}

    public func settings(for requirements: SettingsRequirements) async throws(SettingsError) -> Settings {
        var flags: [String: String] = [:]
        flags["office.id"] = office
        flags["database.url"] = database
        flags["broker.url"] = broker
        return try await Settings.load(
            flags: flags, environment: ProcessInfo.processInfo.environment, file: config, for: requirements)
    }
}
