/// A line below a status that says what deserves a look.
struct Remark: Hashable {
    var text: String
    /// Whether nothing gets better by itself; otherwise it is for the curious.
    var needsSomebody = true
}
