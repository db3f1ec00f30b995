/// A key together with the Swift type of its value.
struct Setting<Value: Sendable>: Sendable {
    let key: SettingKey
    let type: SettingType<Value>
    /// nil: the key has no default.
    let fallback: Value?

    /// - Parameter defaultNote: what happens without a value, in words, where that is no constant.
    init(
        _ name: String, _ type: SettingType<Value>, default fallback: Value? = nil, defaultNote: String? = nil,
        isSecret: Bool = false, help: String
    ) {
        self.type = type
        self.fallback = fallback
        key = SettingKey(
            name: name, type: type.name, defaultText: defaultNote == nil ? fallback.map(type.format) : nil,
            defaultNote: defaultNote, help: help, isSecret: isSecret)
    }
}
