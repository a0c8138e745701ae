import FuzzTargets

/// libFuzzer's entry: see scripts/fuzz.sh.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    HTTPInput.feed(start, count)
}
