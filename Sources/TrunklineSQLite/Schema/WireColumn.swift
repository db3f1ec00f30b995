internal import TrunklineCore

/// GRDB has a `Column` too.
typealias WireColumn = TrunklineCore.Column
