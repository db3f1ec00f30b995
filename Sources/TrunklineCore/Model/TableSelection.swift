/// Which tables of its database an office syncs.
public enum TableSelection: Hashable, Sendable {
    /// These and no others. None at the head: any.
    case listed([TableName])
    /// Every table that can be synced, without these.
    case all(except: [TableName])

    /// The tables that are named; nil: the database says which there are.
    public var names: [TableName]? {
        switch self {
        case .listed(let names): names
        case .all: nil
        }
    }
}
