import Testing
import TrunklineCore

@testable import TrunklineRuntime

@Suite struct ExitStatusTests {
    @Test func errorsHaveTheirCodes() {
        let unreachable = StoreError(.unreachable, operation: "connect", subject: "db", reason: "refused")
        let unfit = StoreError(.table, operation: "initialise", subject: "sales", reason: "no primary key")
        let refused = BrokerError(.accessRefused, operation: "connect", subject: "broker", reason: "no")
        #expect(ExitStatus(unreachable) == .unavailable)
        #expect(ExitStatus(unfit) == .configuration)
        #expect(ExitStatus(refused) == .unavailable)
        #expect(ExitStatus(SettingsError(["x"])) == .configuration)
        #expect(ExitStatus(CommandFailure(.setAside, "x")) == .setAside)
        #expect(ExitStatus(CancellationError()) == .software)
    }

    @Test func eachProblemIsALine() {
        let error = SettingsError(["office.id: is missing", "tables: a is named twice"])
        #expect(
            ErrorLines.text(of: error, program: "trunkline")
                == "trunkline: office.id: is missing\ntrunkline: tables: a is named twice\n")
        let multiline = CommandFailure(.software, "first\nsecond")
        #expect(ErrorLines.text(of: multiline, program: "trunkline") == "trunkline: first second\n")
    }
}
