internal import TrunklineCore

extension Settings {
    /// Reads and checks the configuration: flags over environment over the YAML file.
    ///
    /// - Parameters:
    ///   - flags: values from the command line, by key: `["office.id": "east"]`.
    ///   - file: the path of the YAML file from `--config`; nil: that of `TRUNKLINE_CONFIG`, if any.
    /// - Throws: everything that is wrong, in one go.
    public static func load(
        flags: [String: String] = [:], environment: [String: String], file: String? = nil,
        for requirements: SettingsRequirements
    ) async throws(SettingsError) -> Settings {
        let sources = try SettingSources(flags: flags, environment: environment, file: file)
        var reader = SettingsReader(sources)
        let office = OfficeSettings(&reader)
        let database = DatabaseSettings(&reader)
        // Of an office that is not known, every need is checked: all errors in one go.
        let needsBroker = office.map { requirements.broker.holds(at: $0.role) } ?? (requirements.broker != .never)
        let broker = BrokerSettings(&reader, isNeeded: needsBroker)
        let plaintext = PlaintextConnection.all(database, broker)
        if reader.require(SettingTable.allowPlaintext) == false {
            for connection in plaintext { reader.note(connection.problem) }
        }
        let tables = reader.require(SettingTable.tables(at: office?.role))
        if let office, tables == .listed([]), requirements.tables.holds(at: office.role) {
            reader.missing(SettingTable.tables, hint: "name the tables to sync, such as product_sales, or write all")
        }
        if office?.role == .head, case .all(except: let exceptions)? = tables, !exceptions.isEmpty {
            reader.note(
                "tables: the head takes any table or those that are named; leave the exceptions to the branches, or name the tables"
            )
        }
        let newColumns = reader.read(SettingTable.newColumns)
        let clockTolerance = reader.require(SettingTable.clockTolerance)
        let batch = BatchSettings(&reader)
        let stale = StaleSettings(&reader)
        let receiver = ReceiverSettings(&reader)
        let monitoring = MonitoringSettings(&reader)
        let log = LogSettings(&reader)
        if let office, let problem = requirements.problem(at: office) { reader.note(problem) }
        let problems = reader.problems
        guard problems.isEmpty, let office, let database, let broker, let tables, let clockTolerance, let batch,
            let stale, let receiver,
            let monitoring, let log
        else { throw SettingsError(problems) }
        return Settings(
            office: office, database: database, broker: broker, plaintext: plaintext, tables: tables,
            newColumns: newColumns, clockTolerance: clockTolerance, batch: batch,
            stale: stale, receiver: receiver, monitoring: monitoring, log: log)
    }
}
