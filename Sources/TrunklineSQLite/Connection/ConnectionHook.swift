/// Is called with the `sqlite3 *` of each connection that a store opens, before its first use, on its queue.
///
/// The pointer is the connection's own, and valid as long as that is open. Nothing but a test has a hook.
package typealias ConnectionHook = @Sendable (OpaquePointer) -> Void
