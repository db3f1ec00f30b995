import CRabbitMQ

extension amqp_bytes_t {
    /// A copy as text; bytes that are not UTF-8 come out as U+FFFD.
    var text: String { String(decoding: buffer, as: UTF8.self) }

    /// The bytes themselves, valid until the library's buffers of the channel are released.
    var buffer: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: bytes, count: len) }
}

extension amqp_basic_properties_t {
    func has(_ flag: Int32) -> Bool { _flags & amqp_flags_t(flag) != 0 }

    func text(_ flag: Int32, _ field: KeyPath<Self, amqp_bytes_t>) -> String? {
        has(flag) ? self[keyPath: field].text : nil
    }
}
