//go:build !linux

package boltstore

// release does nothing: only Linux unmaps the pages of a shared mapping and keeps the
// mapping itself.
func release(_, _ uintptr) {}
