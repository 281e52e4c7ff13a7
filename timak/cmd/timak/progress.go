package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

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
	bar    *progressbar.ProgressBar // nil if there is no terminal
}

const progressInterval = 10 * time.Second

func newProgress(sh shell, total <-chan int) *progress {
	p := &progress{sh: sh, total: total, stop: make(chan struct{})}
	if sh.terminal {
		p.bar = progressbar.NewOptions64(-1, // until it is known how many there are
			progressbar.OptionSetWriter(sh.err), progressbar.OptionSetDescription("timelines"),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetPredictTime(true),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish())
	} else {
		p.ended.Go(p.lines)
	}
	return p
}

// lines prints a line now and then.
func (p *progress) lines() {
	ticks := time.NewTicker(progressInterval)
	defer ticks.Stop()
	for {
		select {
		case <-ticks.C:
			if r := p.latest(); r.After != "" {
				p.say("%s done, up to %s", count(r.Timelines, "timeline"), argument(r.After))
			}
		case <-p.stop:
			return
		}
	}
}

func (p *progress) latest() transfer.Report {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.report
}

func (p *progress) update(r transfer.Report) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.report = r
	if p.bar == nil {
		return
	}
	select {
	case n := <-p.total:
		p.bar.ChangeMax(n)
	default:
	}
	_ = p.bar.Set(r.Timelines + r.Failed) // a bar that cannot be drawn stops nothing
}

// say prints a line.
func (p *progress) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Clear() // it is drawn again below the line
	}
	_, _ = fmt.Fprintf(p.sh.err, "timak: "+format+"\n", args...)
}

// end ends the bar or the lines.
func (p *progress) end() {
	close(p.stop)
	p.ended.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
