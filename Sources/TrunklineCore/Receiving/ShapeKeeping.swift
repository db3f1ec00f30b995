/// What a receiver does about the shapes of a stream's tables, as its books have it.
public enum ShapeKeeping: String, Hashable, Sendable {
    /// It keeps them: batches may name them.
    case kept
    /// A batch named one that is not here: the sender says them whole until one is stored again.
    case wanted
    /// There are more than one stream may make its receiver keep: they are said whole until its next epoch.
    case refused
}
