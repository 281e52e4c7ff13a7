package boltstore

import "syscall"

// release unmaps the pages of a mapping that begins at an address. They stay in the
// system's cache, and are mapped again when they are touched. If the system refuses, they
// stay mapped.
func release(address, length uintptr) {
	_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, address, length, syscall.MADV_DONTNEED)
}
