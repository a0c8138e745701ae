public import NIOCore
import NIOPosix

/// The event loops of the process, for every connection in and out: two threads, however many processors the machine
/// has.
///
/// SwiftNIO's shared loops are one for each processor. SwiftNIO ends the process when a loop's thread cannot be
/// created, so the room for them is checked first.
public enum EventLoops {
    /// The loops, created at first use. They last as long as the process.
    public static let group: any EventLoopGroup = MultiThreadedEventLoopGroup(numberOfThreads: 2)
}
