/// The statements about the shapes that a receiver keeps of its streams' tables.
extension ReceiverStatements {
    static let inboundShapes = Statement(
        "inbound_shapes",
        "SELECT table_name, shape FROM trunkline.inbound_shape WHERE stream = $1 AND table_name = ANY ($2::text[])")

    static let keepInboundShape = Statement(
        "keep_inbound_shape",
        """
        INSERT INTO trunkline.inbound_shape (stream, table_name, shape) VALUES ($1, $2, $3)
        ON CONFLICT (stream, table_name) DO UPDATE SET shape = EXCLUDED.shape
        """)

    static let inboundShapeSize = Statement(
        "inbound_shape_size",
        "SELECT count(*), coalesce(sum(octet_length(shape)), 0) FROM trunkline.inbound_shape WHERE stream = $1")

    static let noteDifferences = Statement(
        "note_inbound_differences", "UPDATE trunkline.inbound SET differences = $2 WHERE stream = $1")
    static let noteShapes = Statement("note_shapes", "UPDATE trunkline.inbound SET shapes = $2 WHERE stream = $1")
}
