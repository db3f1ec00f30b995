/// The table of all metrics, made from their declarations.
public enum MetricsReference {
    /// A Markdown table: name, type, labels, meaning.
    public static var markdown: String {
        let rows = Metrics.all.map { metric in
            let labels = metric.labels.map { "`\($0)`" }.joined(separator: ", ")
            return "| `\(metric.name)` | \(metric.kind.rawValue) | \(labels) | \(metric.help) |"
        }
        return (["| metric | type | labels | meaning |", "| --- | --- | --- | --- |"] + rows).joined(separator: "\n")
    }
}
