internal import TrunklineCore

extension TableMapping {
    /// What says which rows of the receiver's table are the stream's.
    func conditions(in stream: StreamID) -> [String] {
        additions.map { "\(TableName.quoted($0.column)) = '\($0.value(in: stream).doubling("'"))'" }
    }
}
