//! Critical sections that do nothing: with them the storm must find that something is lost. For that alone.

#![expect(unsafe_code, reason = "breaks the contract, to see that it is missed")]

struct Nothing;

critical_section::set_impl!(Nothing);

// SAFETY: none. It does not mask what it should: whoever builds with this wants to see it fail.
unsafe impl critical_section::Impl for Nothing {
    unsafe fn acquire() {}

    unsafe fn release(_: ()) {}
}
