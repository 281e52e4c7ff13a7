package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/timak-go/timak/timakgorm"
)

// meter shows progress: a bar on a terminal, or else a line from time to time.
type meter struct {
	w        io.Writer
	terminal bool
	shown    time.Duration // when it was last shown, since the start
	begun    bool
	latest   timakgorm.Progress
}

const (
	barWidth   = 20
	barPause   = 100 * time.Millisecond
	linesPause = 10 * time.Second
)

func newMeter(w io.Writer) *meter { return &meter{w: w, terminal: isTerminal(w)} }

// isTerminal reports whether w is a terminal.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (m *meter) show(p timakgorm.Progress) {
	pause := linesPause
	if m.terminal {
		pause = barPause
	}
	m.latest = p
	if first := m.terminal && !m.begun; p.Elapsed-m.shown < pause && !first {
		return
	}
	m.draw(p)
}

func (m *meter) draw(p timakgorm.Progress) {
	m.shown, m.begun = p.Elapsed, true
	if m.terminal {
		_, _ = fmt.Fprintf(m.w, "\r%s%s %s\x1b[K%s", noWrap, bar(p), line(p), wrap)
		return
	}
	say(m.w, "%s", line(p))
}

// On a terminal that is too narrow for the bar, the rest is cut off rather than
// wrapped.
const (
	noWrap = "\x1b[?7l"
	wrap   = "\x1b[?7h"
)

// end shows the final count, if anything was shown at all, and ends the bar's line.
// done says that nothing is left to do, whatever was counted before.
func (m *meter) end(done bool) {
	if !m.begun {
		return
	}
	if done {
		m.latest.All = m.latest.Rows
	}
	m.draw(m.latest)
	if m.terminal {
		say(m.w, "")
	}
}

func bar(p timakgorm.Progress) string {
	full := int(barWidth * share(p))
	return "[" + strings.Repeat("=", full) + strings.Repeat(" ", barWidth-full) + "]"
}

// share returns how much is done, from 0 to 1. It is an estimate, as rows come and
// go. Without rows it is 1.
func share(p timakgorm.Progress) float64 {
	if p.All == 0 {
		return 1
	}
	return float64(min(p.Rows, p.All)) / float64(p.All)
}

func line(p timakgorm.Progress) string {
	return fmt.Sprintf("%3.0f %%, %d of %d rows, %.0f/s, %d differ", 100*share(p), p.Rows, p.All, p.Rate, p.Differences)
}
