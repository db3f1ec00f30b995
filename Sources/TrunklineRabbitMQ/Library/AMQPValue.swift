/// A value of an AMQP field table, of the kinds that we send.
enum AMQPValue {
    case bool(Bool)
    case string(String)
    case table([String: AMQPValue])
}
