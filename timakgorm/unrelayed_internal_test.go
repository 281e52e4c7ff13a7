package timakgorm

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gorm.io/gorm"
)

const nobodyRelays = "no relay applies the changes to their timelines"

// lines is a log that may be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), text)
}

// TestUnrelayed: what is written and not relayed for a minute is said once; nothing is
// said while somebody relays, here or elsewhere.
func TestUnrelayed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		about  string
		oldest time.Duration
		err    error
		runs   bool
		want   int
	}{
		{about: "no relay", oldest: relayPatience, want: 1},
		{about: "a relay in another process", oldest: time.Second},
		{about: "all is applied"},
		{about: "a relay in this process", oldest: time.Hour, runs: true},
		{about: "no answer", oldest: time.Hour, err: errors.New("away")},
	} {
		synctest.Test(t, func(t *testing.T) {
			var log lines
			var asked atomic.Int64
			u := &unrelayed{patience: relayPatience, log: slog.New(slog.NewTextHandler(&log, nil)), oldest: func(context.Context) (time.Duration, error) {
				asked.Add(1)
				return tt.oldest, tt.err
			}}
			end := func() {}
			if tt.runs {
				end = u.run()
			}
			for range 3 {
				for range 10 {
					u.wrote()
				}
				time.Sleep(relayPatience - time.Second)
				if got := log.count(nobodyRelays); got > 1 {
					t.Errorf("%s: said %d times", tt.about, got)
				}
				time.Sleep(2 * time.Second)
			}
			if got := log.count(nobodyRelays); got != tt.want {
				t.Errorf("%s: said %d times, want %d", tt.about, got, tt.want)
			}
			if n := asked.Load(); n > 3 {
				t.Errorf("%s: asked %d times in 3 minutes", tt.about, n)
			}
			end()
		})
	}
}

// TestUnrelayed_runEnds: the end of Run is the end of relaying.
func TestUnrelayed_runEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log lines
		u := &unrelayed{patience: relayPatience, log: slog.New(slog.NewTextHandler(&log, nil)), oldest: func(context.Context) (time.Duration, error) {
			return time.Hour, nil
		}}
		u.run()()
		u.wrote()
		time.Sleep(2 * relayPatience)
		if got := log.count(nobodyRelays); got != 1 {
			t.Errorf("said %d times, want once", got)
		}
	})
}

// TestUnrelayed_runBegins: a Run that begins after the first writes is soon enough.
func TestUnrelayed_runBegins(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log lines
		u := &unrelayed{patience: relayPatience, log: slog.New(slog.NewTextHandler(&log, nil)), oldest: func(context.Context) (time.Duration, error) {
			return time.Hour, nil
		}}
		u.wrote()
		time.Sleep(relayPatience / 2)
		defer u.run()()
		time.Sleep(2 * relayPatience)
		if got := log.count(nobodyRelays); got != 0 {
			t.Errorf("said %d times, want none", got)
		}
	})
}

// told passes on what is logged.
type told chan string

func (l told) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

// TestUnrelayed_plugin: a plugin's writes ask its outbox, and its Run is a relay.
func TestUnrelayed_plugin(t *testing.T) {
	t.Parallel()
	db, p := openNotes(t, &gorm.Config{})
	log := make(told, 1)
	p.unrelayed.log, p.unrelayed.patience = slog.New(slog.NewTextHandler(log, nil)), time.Microsecond
	if err := db.Create(&note{}).Error; err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-log:
		if !strings.Contains(got, nobodyRelays) {
			t.Errorf("logged %q", got)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("nothing is logged")
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	for applied := int64(0); applied == 0; applied = p.counted().Applied {
		time.Sleep(time.Millisecond)
	}
	if got := p.unrelayed.runs.Load(); got != 1 {
		t.Errorf("%d relays are noted while one runs", got)
	}
	stop()
	if err := <-ended; err != nil || p.unrelayed.runs.Load() != 0 {
		t.Errorf("Run returned %v; %d relays are noted", err, p.unrelayed.runs.Load())
	}
}
