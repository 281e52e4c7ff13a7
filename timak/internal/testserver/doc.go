// Package testserver is what servers that tests start have in common: a folder that
// is removed in the end, a process with a log, a watchdog that ends the server when the
// test binary is gone, even if that was killed, and the one server that the tests of a
// binary share.
package testserver
