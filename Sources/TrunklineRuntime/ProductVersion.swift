/// The version that every executable prints for `--version`.
public enum ProductVersion {
    public static let current = "0.1.0"
}
