package openloop

import (
	"syscall"
	"time"
)

// sleepExactly sleeps in the kernel, which wakes within some 50 µs.
func sleepExactly(d time.Duration) {
	until := time.Now().Add(d)
	for d > 0 {
		ts := syscall.NsecToTimespec(int64(d))
		_ = syscall.Nanosleep(&ts, nil) // a signal may interrupt it
		d = time.Until(until)
	}
}
