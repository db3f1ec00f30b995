internal import TrunklineCore

/// What an entry of the list of tables says.
enum TableEntry {
    case table(TableRule)
    /// Tables that are missing are made.
    case acceptsNew
}
