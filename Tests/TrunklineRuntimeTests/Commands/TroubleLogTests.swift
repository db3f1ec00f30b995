import Logging
import Testing
import TrunklineCore

@testable import trunkline

@Suite struct TroubleLogTests {
    @Test func aFailureIsKeptUntilTheServiceRecovers() {
        let troubles = TroubleLog()
        let logger = troubles.logger("test", passingOnTo: SwiftLogNoOpLogHandler())
        logger.warning("step failed", metadata: [LogKey.service: "branch-publisher", LogKey.error: "broker: refused"])
        #expect(troubles.latest == "broker: refused")
        logger.notice("recovered", metadata: [LogKey.service: "branch-publisher"])
        #expect(troubles.latest == nil)
    }
}
