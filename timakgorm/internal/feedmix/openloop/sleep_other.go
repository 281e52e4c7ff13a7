//go:build !linux

package openloop

import "time"

func sleepExactly(d time.Duration) { time.Sleep(d) }
