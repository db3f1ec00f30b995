/// A value of an AMQP field table, of the kinds that we send.
enum AMQPValue {
    case bool(Bool)
    case integer(Int64)
    case string(String)
    case table([String: AMQPValue])
}
