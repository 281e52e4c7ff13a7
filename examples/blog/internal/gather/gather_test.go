package gather_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/timak-go/timak/examples/blog/internal/gather"
)

// All who ask while a read runs share the next one, and get what was true after they asked.
func TestReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var reads gather.Reads[string, int]
		var truth, begun atomic.Int64
		read := func(context.Context) (int, error) {
			begun.Add(1)
			seen := int(truth.Load())
			time.Sleep(time.Second)
			return seen, nil
		}
		var all sync.WaitGroup
		for ask := range 30 { // three a read's time
			all.Go(func() {
				time.Sleep(time.Duration(ask) * time.Second / 3)
				now := int(truth.Add(1))
				got, err := reads.Get(t.Context(), "key", read)
				if err != nil || got < now {
					t.Errorf("got %d, %v, want %d or later", got, err, now)
				}
			})
		}
		all.Wait()
		if n := begun.Load(); n > 12 {
			t.Errorf("30 who asked within 10 s had %d reads of a second", n)
		}
	})
}

// Keys do not wait for each other, errors reach all who share a read, and who gives up does
// not end it for others.
func TestReads_apart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var reads gather.Reads[int, string]
		failure := errors.New("failure")
		slow := func(ctx context.Context) (string, error) {
			time.Sleep(time.Minute)
			return "slow", ctx.Err()
		}
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := reads.Get(impatient, 1, slow); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want the end of the context", err)
			}
		})
		synctest.Wait()
		for range 3 {
			all.Go(func() {
				if _, err := reads.Get(t.Context(), 1, func(context.Context) (string, error) { return "", failure }); !errors.Is(err, failure) {
					t.Errorf("got %v, want the failure", err)
				}
			})
		}
		begun := time.Now()
		if got, err := reads.Get(t.Context(), 2, func(context.Context) (string, error) { return "fast", nil }); got != "fast" || err != nil || time.Since(begun) > 0 {
			t.Errorf("another key: got %q, %v after %v", got, err, time.Since(begun))
		}
		all.Wait()
		if _, err := reads.Get(t.Context(), 3, func(context.Context) (string, error) { panic("at the disco") }); err == nil || !strings.Contains(err.Error(), "panic: at the disco") {
			t.Errorf("a panic: got %v", err)
		}
		if got, err := reads.Get(t.Context(), 1, slow); got != "slow" || err != nil {
			t.Errorf("afterwards: got %q, %v", got, err)
		}
	})
}
