import GRDB

extension Statement {
    /// Executes with these arguments, which are copied.
    ///
    /// For few arguments `execute(arguments:)` nests one generic call in another for each of them so as not to copy any
    /// text; for our short ones that costs more than the copy, and it is paid for every row.
    func run(_ arguments: StatementArguments) throws {
        setUncheckedArguments(arguments)
        try execute()
    }
}
