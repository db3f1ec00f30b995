import CRabbitMQ
import TrunklineCore

/// The broker's answer to a synchronous method.
enum Reply {
    /// The method that answers it, as in `exchange.declare-ok`.
    case method(amqp_method_number_t)
    /// queue.declare-ok
    case declared(QueueDepth)
    /// The broker closed the channel instead.
    case closed(code: UInt16, text: String)
}
