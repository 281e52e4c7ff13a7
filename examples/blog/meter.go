package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/timak-go/timak/timakgorm"
)

// meter shows progress: a bar on a terminal, and a line now and then elsewhere.
type meter struct {
	w        io.Writer
	terminal bool
	shown    time.Duration // when it was last shown, since the beginning
	begun    bool
}

const (
	barWidth   = 30
	barPause   = 100 * time.Millisecond
	linesPause = 10 * time.Second
)

func newMeter(w io.Writer) *meter { return &meter{w: w, terminal: isTerminal(w)} }

// isTerminal reports whether someone is looking.
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
	first, last := m.terminal && !m.begun, m.begun && p.All > 0 && p.Rows >= p.All
	if p.Elapsed-m.shown < pause && !first && !last {
		return
	}
	m.shown, m.begun = p.Elapsed, true
	if m.terminal {
		_, _ = fmt.Fprintf(m.w, "\r%s %s\x1b[K", bar(p), line(p))
		return
	}
	say(m.w, "%s", line(p))
}

// end leaves the bar's line.
func (m *meter) end() {
	if m.terminal && m.begun {
		say(m.w, "")
	}
}

func bar(p timakgorm.Progress) string {
	full := int(barWidth * share(p))
	return "[" + strings.Repeat("=", full) + strings.Repeat(" ", barWidth-full) + "]"
}

// share is how much is done, from 0 to 1; nobody knows exactly, as rows come and
// go.
func share(p timakgorm.Progress) float64 {
	return float64(min(p.Rows, p.All)) / float64(max(p.All, 1))
}

func line(p timakgorm.Progress) string {
	return fmt.Sprintf("%3.0f %%, %d timelines, %d rows, %.0f a second, %d differences", 100*share(p), p.Keys, p.Rows, p.Rate, p.Differences)
}
