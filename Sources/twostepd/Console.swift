import ConfigFile
import Daemon
import Files
import Foundation
import Glibc

/// Standard output and standard error, and the capabilities of the terminal.
enum Console {
    /// Writes text to standard output. When the reader has closed it the program ends quietly, as other filters do.
    static func print(_ text: String, terminator: String = "\n") {
        write(text + terminator, to: .standardOutput)
    }

    /// Writes lines to standard output, many at a time.
    static func print(lines: [String]) {
        var text = ""
        for line in lines {
            text += line
            text += "\n"
            guard text.utf8.count > 1 << 16 else { continue }
            print(text, terminator: "")
            text = ""
        }
        print(text, terminator: "")
    }

    /// Writes one message for people to standard error.
    static func error(_ text: String) {
        let head = colours(STDERR_FILENO) ? "\u{1B}[1;31merror:\u{1B}[0m " : "error: "
        write(head + text + "\n", to: .standardError)
    }

    /// Writes one warning for people to standard error.
    static func warning(_ text: String) {
        let head = colours(STDERR_FILENO) ? "\u{1B}[1;33mwarning:\u{1B}[0m " : "warning: "
        write(head + text + "\n", to: .standardError)
    }

    /// Writes text for people to standard error as it is.
    static func note(_ text: String, terminator: String = "\n") {
        write(text + terminator, to: .standardError)
    }

    static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// Returns true when colours are wanted: on a terminal, unless `NO_COLOR` is set (see no-color.org).
    static func colours(_ descriptor: Int32) -> Bool {
        let isOff = getenv("NO_COLOR").map { $0.pointee != 0 } ?? false
        return isTerminal(descriptor) && !isOff
    }

    /// The maximum width of a table on standard output in columns; 0 for no limit, when that is not a terminal.
    static var tableWidth: Int { isTerminal(1) ? width(1) : 0 }

    /// Returns the width of the terminal in columns; 100 without a terminal.
    static func width(_ descriptor: Int32) -> Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 100 }
        return Int(size.ws_col)
    }

    /// The user's terminal, such as `/dev/pts/3`; nil without one.
    static var terminalName: String? {
        var buffer = [CChar](repeating: 0, count: 256)
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
        where ttyname_r(descriptor, &buffer, buffer.count) == 0 {
            return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        return nil
    }

    private static func write(_ text: String, to file: OpenFile) {
        do {
            try file.write(Array(text.utf8))
        } catch {
            // There is no other place to report it.
            if file === OpenFile.standardOutput { exit(1) }
        }
    }
}

/// Documents on standard output.
enum JSONOutput {
    static func print(_ document: some Encodable) throws { Console.print(try text(document)) }

    static func text(_ document: some Encodable) throws -> String {
        let encoder = JSONCoding.encoder
        encoder.outputFormatting.insert(.prettyPrinted)
        return String(decoding: try encoder.encode(document), as: UTF8.self)
    }
}

/// Standard input, for commands that take `-` for a file.
enum StandardInput {
    /// Reads all of it, by default up to the size limit of a configuration file.
    static func read(
        limit: Int = DesiredStateReader.largestFile, tooLarge: (String) -> CommandFailure = CommandFailure.configuration
    ) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw CommandFailure.failed("standard input cannot be read: error \(errno)") }
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= limit else { throw tooLarge("standard input has more than \(limit >> 20) MiB") }
        }
    }
}
