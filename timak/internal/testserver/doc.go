// Package testserver is what servers that tests start have in common: a folder that
// is removed in the end, a process, and a watchdog that ends the server when the
// test binary is gone, even if that was killed.
package testserver
