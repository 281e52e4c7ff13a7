package main

import (
	"fmt"
	"strings"
	"time"
)

// eraseLine goes to the start of a terminal's line and erases it.
const eraseLine = "\r\x1b[K"

// bar is a progress bar. The zero bar knows no total.
type bar struct {
	total int

	begun time.Time // when it was first drawn
	first int       // what was done by then
}

const barWidth = 30

// at returns the bar when so much is done, in less than 80 columns.
func (b *bar) at(now time.Time, done int) string {
	if b.begun.IsZero() {
		b.begun, b.first = now, done
	}
	rate := 0.0 // a second
	if seconds := now.Sub(b.begun).Seconds(); seconds > 0 {
		rate = float64(done-b.first) / seconds
	}
	if b.total == 0 || done > b.total { // more may come while they are counted
		return fmt.Sprintf("%s, %.0f/s", count(done, "timeline"), rate)
	}
	full := barWidth * done / b.total
	text := fmt.Sprintf("[%s%s] %d of %d, %.0f/s", strings.Repeat("=", full), strings.Repeat(" ", barWidth-full), done, b.total, rate)
	if rate > 0 {
		left := time.Duration(float64(b.total-done) / rate * float64(time.Second))
		text += fmt.Sprintf(", %v left", left.Round(time.Second))
	}
	return text
}
