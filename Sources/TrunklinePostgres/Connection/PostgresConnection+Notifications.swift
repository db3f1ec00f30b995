internal import CLibPQ
import Foundation
internal import TrunklineCore

extension PostgresConnection {
    /// Waits for a notification on a channel that this connection listens to.
    /// - Returns: whether one came.
    @discardableResult
    func waitForNotification(within timeout: Duration) throws(StoreError) -> Bool {
        if takeNotifications() { return true }
        let milliseconds = timeout.components.seconds * 1_000 + timeout.components.attoseconds / 1_000_000_000_000_000
        var descriptor = pollfd(fd: PQsocket(pointer), events: Int16(POLLIN), revents: 0)
        let ready = poll(&descriptor, 1, Int32(clamping: max(milliseconds, 1)))
        guard ready > 0 else { return false }
        guard PQconsumeInput(pointer) == 1 else {
            throw StoreError(
                .unreachable, operation: "wait for notifications", subject: "PostgreSQL",
                reason: PostgresConnection.text(PQerrorMessage(pointer)))
        }
        return takeNotifications()
    }

    private func takeNotifications() -> Bool {
        var any = false
        while let notification = PQnotifies(pointer) {
            PQfreemem(notification)
            any = true
        }
        return any
    }
}
