/// The `content_type` and `content_encoding` properties of our messages.
public enum ContentType {
    public static let batch = "application/vnd.trunkline.batch"
    public static let ack = "application/vnd.trunkline.ack"
    public static let verify = "application/vnd.trunkline.verify"
    public static let halt = "application/vnd.trunkline.halt"
    public static let zstd = "zstd"
}
