import ArgumentParser
import ConfigFile
import Files
import Planning

/// `twostepd import`.
struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Turn a list of numbers (CSV) into a desired-state file.",
        discussion: """
            The first row names the columns, separated by ',' or ';': number and token, and any of label, pin, \
            vendor, phone_number_id, on_new_token, endpoint, verification, rotate_every, reapply_every, \
            rotation_method, rotation_window, rotate_before, rotate_after_reveal, observer, observer_endpoint and \
            observe_every. An empty field is left out. token, pin and observer are NAMES; a list with a secret in it is \
            refused.

            A row whose vendor is whatsapp, or that has an observer, needs a phone_number_id. Numbers of whatsapp may \
            share a token, and any numbers may share an observer. Spreadsheets round long numbers: give that column \
            the format 'text' before you enter the ids.

            A number needs its '+' and country code, and may have separators between groups of digits. A fraction, an \
            extension or a second number is an error: nothing is guessed. Every problem is shown with row and column; \
            as long as there is one, nothing is written.

            Examples:
              twostepd import fleet.csv
              twostepd import fleet.csv --output /etc/twostepd/desired-state.yaml
              printf 'number,token\\n+1 555 010 0001,support\\n' | twostepd import -
            """
    )

    @Argument(help: "The list, or - for standard input.", completion: .file(extensions: ["csv"]))
    var file: String
    @Option(
        name: [.short, .long], help: "The file to create (default: standard output).",
        completion: .file(extensions: ["yaml"]))
    var output: String?
    @Flag(name: .long, help: "Replace the file if it exists.")
    var force = false

    func run() throws {
        if force, output == nil { throw CommandFailure.usage("--force needs --output FILE") }
        let reading =
            file == "-"
            ? NumberListImport.read(bytes: try StandardInput.read(), file: "(standard input)")
            : NumberListImport.read(path: file)
        Diagnostics.print(reading.problems)
        guard let imported = reading.value else {
            throw CommandFailure.configuration(
                "\(file == "-" ? "the list" : file) cannot be imported: nothing was written")
        }
        guard let output else { return Console.print(imported.text, terminator: "") }
        do throws(FileError) {
            let policy = WritePolicy(existing: force ? .lendsItsRights : .stays, rights: .usual)
            try AtomicFile.write(Array(imported.text.utf8), to: output, policy)
        } catch .exists {
            throw CommandFailure.failed("\(output) already exists: choose another name, or add --force to replace it")
        }
        Console.note("\(output): \(imported.count.counted("number")); next: twostepd check \(output)")
    }
}
