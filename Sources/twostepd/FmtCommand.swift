import ArgumentParser
import ConfigFile

/// `twostepd fmt`.
struct FmtCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fmt",
        abstract: "Sort and format a desired-state file; every comment stays with its entry.",
        discussion: """
            Entries are sorted by number, and keys stand in the order of the documentation. The result is written to \
            standard output, or with --write in the file's place. It is read again first: a result that would say \
            anything else than the file is never written.

            Examples:
              twostepd fmt desired-state.yaml
              twostepd fmt --write
              twostepd fmt --check desired-state.yaml     # for CI: exit 1 when it is not formatted
              twostepd fmt - < desired-state.yaml
            """
    )

    @OptionGroup var config: ConfigOptions
    @Argument(
        help: "The file, - for standard input; the one that the settings name when absent.",
        completion: .file(extensions: ["yaml"]))
    var file: String?
    @Flag(name: .long, help: "Write nothing; exit 1 when the file is not formatted.")
    var check = false
    @Flag(name: .long, help: "Write the result in the file's place.")
    var write = false

    func run() throws {
        if check, write { throw Failure.usage("--check and --write exclude each other") }
        if write, file == "-" { throw Failure.usage("--write needs a file, and - is standard input") }
        let path = try file ?? config.settings().desiredState
        let reading =
            path == "-"
            ? DesiredStateFormatter.format(bytes: try StandardInput.read(), file: "(standard input)")
            : DesiredStateFormatter.format(path: path)
        Diagnostics.note(reading.errors)
        guard let formatted = reading.value else {
            throw Failure.configuration("\(path == "-" ? "the input" : path) is not valid: nothing was formatted")
        }
        if check {
            guard !formatted.isUnchanged else { return }
            let command = path == "-" ? "twostepd fmt -" : "twostepd fmt --write \(path)"
            throw Failure.failed("\(path == "-" ? "the input" : path) is not formatted: \(command)")
        }
        guard write else { return Console.print(formatted.text, terminator: "") }
        guard !formatted.isUnchanged else { return Console.note("\(path): formatted already") }
        guard DesiredStateFormatter.format(path: path).sha256 == reading.sha256 else {
            throw Failure.failed("\(path) was changed meanwhile: nothing was written; try again")
        }
        try OutputFile.write(formatted.text, to: path, replaces: true)
        Console.note("\(path): formatted, \(formatted.count) numbers")
    }
}
