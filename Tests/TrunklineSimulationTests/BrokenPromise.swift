/// A promise that did not hold in a simulated world.
struct BrokenPromise: Error, CustomStringConvertible {
    var promise: String
    var description: String { "promise \(promise): \(what)" }
    private let what: String

    init(_ promise: String, _ what: String) {
        self.promise = promise
        self.what = what
    }
}
