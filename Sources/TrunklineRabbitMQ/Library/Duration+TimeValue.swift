import CRabbitMQ
import Foundation

extension Duration {
    /// For the library: whole microseconds, rounded down; a negative duration becomes zero.
    var timeValue: timeval {
        let (seconds, attoseconds) = max(self, .zero).components
        return timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
    }
}
