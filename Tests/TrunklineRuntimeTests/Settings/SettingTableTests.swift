import Testing

@testable import TrunklineRuntime

@Suite struct SettingTableTests {
    @Test func namesAndVariablesAreUnique() {
        #expect(Set(SettingTable.names).count == SettingTable.names.count)
        #expect(Set(SettingTable.names.map(SettingKey.environmentName)).count == SettingTable.names.count)
    }

    @Test func theReferenceHasEveryKeyItsVariableAndDefault() {
        let reference = SettingsReference.markdown
        #expect(reference.split(separator: "\n").count == SettingTable.keys.count + 2)
        #expect(
            reference.contains(
                "| `batch.rows` | `TRUNKLINE_BATCH_ROWS` | 1 to 200000 | `5000` | The most changes in one batch. |"))
        #expect(
            reference.contains(
                "| `database.url` (or `database.url-file`) | `TRUNKLINE_DATABASE_URL` (or `TRUNKLINE_DATABASE_URL_FILE`) |"
            ))
        #expect(reference.contains("| `stale.timeout` | `TRUNKLINE_STALE_TIMEOUT` | duration, 1s to 1d | `1m` |"))
    }

    @Test func everyLineOfTheReferenceHasFiveColumns() {
        for line in SettingsReference.markdown.split(separator: "\n") {
            #expect(line.count { $0 == "|" } == 6, "\(line)")
        }
    }
}
