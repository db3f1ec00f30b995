import ArgumentParser
import TrunklineCore
import TrunklineRuntime

/// `trunkline config`
struct ConfigCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Print the reference of all configuration keys, or check a configuration.",
        discussion: """
            Flags win over environment variables, these over the YAML file, which nests the keys at their dots:

              office:
                id: east
              tables: [product_sales]

            --check also prints the tables: which way each goes, and which of its rows.

            Examples:
              trunkline config
              trunkline config --check --config office.yaml

            Exit codes: 0 printed or valid, 78 not valid: every error on a line of its own.
            """)

    @OptionGroup var options: OfficeOptions

    @Flag(help: "Check the configuration that the other options and the environment give.")
    var check = false

    func execute() async throws {
        guard check else {
            print(SettingsReference.markdown)
            return
        }
        let settings = try await options.settings(
            for: SettingsRequirements("config --check", broker: .always, tables: .at(.branch)))
        try await OfficeAssembly(settings).store().close()
        let tables = TablesReport(settings: settings)
        let office = "\(settings.office.id) (\(settings.office.role.rawValue))"
        print("valid: \(office), \(settings.database.url), \(settings.broker.url!), \(tables.summary)")
        for line in tables.lines { print(line) }
        print("what the tables have to do with the database is checked by: trunkline init --dry-run")
    }
}
