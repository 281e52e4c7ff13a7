//go:build !linux

package feedmix

import "time"

func sleepExactly(d time.Duration) { time.Sleep(d) }
