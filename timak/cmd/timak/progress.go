package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/timak-go/timak/timak/transfer"
)

// progress shows how far a transfer has come: as a bar on a terminal, otherwise as a line
// every ten seconds.
type progress struct {
	sh    shell
	total <-chan int
	stop  chan struct{}
	ended sync.WaitGroup

	mu     sync.Mutex
	report transfer.Report
	last   transfer.Report // before the first of the timelines that just fail, one after the other
	bar    bar
	drawn  bool // the bar is on the terminal
}

const (
	lineInterval = 10 * time.Second
	barInterval  = 200 * time.Millisecond
)

func newProgress(sh shell, total <-chan int) *progress {
	p := &progress{sh: sh, total: total, stop: make(chan struct{})}
	if sh.terminal {
		p.ended.Go(func() { p.each(barInterval, p.draw) })
	} else {
		p.ended.Go(func() { p.each(lineInterval, p.line) })
	}
	return p
}

// each shows the progress now and then.
func (p *progress) each(interval time.Duration, show func(now time.Time)) {
	ticks := time.NewTicker(interval)
	defer ticks.Stop()
	for {
		select {
		case now := <-ticks.C:
			show(now)
		case total := <-p.total:
			p.bar.total = total
		case <-p.stop:
			return
		}
	}
}

func (p *progress) line(time.Time) {
	r := p.resume()
	switch {
	case r.After == "":
	case r.Failed > 0:
		p.say("%s done, %d left out, up to %s", count(r.Timelines, "timeline"), r.Failed, argument(r.After))
	default:
		p.say("%s done, up to %s", count(r.Timelines, "timeline"), argument(r.After))
	}
}

func (p *progress) draw(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = fmt.Fprint(p.sh.err, eraseLine+p.bar.at(now, p.report.Timelines+p.report.Failed)) // a bar that cannot be drawn stops nothing
	p.drawn = true
}

// resume returns the report up to where the transfer can go on later. If timelines just
// fail, that is before the first of them: another run tries them again.
func (p *progress) resume() transfer.Report {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// inARow returns how many timelines have failed since one did not.
func (p *progress) inARow() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.report.Failed - p.last.Failed
}

func (p *progress) update(r transfer.Report) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Timelines > p.last.Timelines || r.Failed == p.last.Failed {
		p.last = r
	}
	p.report = r
}

// say prints a line; the bar is drawn again below it.
func (p *progress) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	_, _ = fmt.Fprintf(p.sh.err, "timak: "+format+"\n", args...)
}

func (p *progress) erase() {
	if p.drawn {
		_, _ = fmt.Fprint(p.sh.err, eraseLine)
		p.drawn = false
	}
}

// end ends the bar or the lines.
func (p *progress) end() {
	close(p.stop)
	p.ended.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
}
