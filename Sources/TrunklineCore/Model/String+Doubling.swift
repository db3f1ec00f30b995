extension String {
    /// Every scalar that is `quote` twice, as SQL wants it within its quotes.
    ///
    /// Scalars, not characters: to Swift a quote and the combining mark after it are one character,
    /// to a database they are a quote and something else.
    public func doubling(_ quote: Unicode.Scalar) -> String {
        var result = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            if scalar == quote { result.append(scalar) }
            result.append(scalar)
        }
        return String(result)
    }
}
