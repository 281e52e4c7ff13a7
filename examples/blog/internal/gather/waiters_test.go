package gather_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/timak-go/timak/examples/blog/internal/gather"
)

// A read ends when the last who waits for it has gone, and one that nobody waits for any more
// does not begin.
func TestReads_nobodyWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var reads gather.Reads[string, int]
		var begun, ended []int
		ask := func(ctx context.Context, id int) chan error {
			answer := make(chan error, 1)
			go func() {
				_, err := reads.Get(ctx, "key", func(ctx context.Context) (int, error) {
					begun = append(begun, id)
					select {
					case <-ctx.Done():
						ended = append(ended, id)
						return 0, ctx.Err()
					case <-time.After(time.Minute):
						return id, nil
					}
				})
				answer <- err
			}()
			synctest.Wait()
			return answer
		}
		gone := func(answer chan error, leave context.CancelFunc) {
			t.Helper()
			leave()
			synctest.Wait()
			if err := <-answer; !errors.Is(err, context.Canceled) {
				t.Errorf("who has gone got %v", err)
			}
		}
		firstCtx, leaveFirst := context.WithCancel(t.Context())
		secondCtx, leaveSecond := context.WithCancel(t.Context())
		thirdCtx, leaveThird := context.WithCancel(t.Context())
		defer leaveThird()
		first := ask(firstCtx, 1)   // runs
		second := ask(secondCtx, 2) // the next turn, which the third shares
		third := ask(thirdCtx, 3)
		gone(second, leaveSecond)
		if len(begun) != 1 || len(ended) != 0 {
			t.Errorf("begun %v, ended %v, want only the first begun", begun, ended)
		}
		gone(first, leaveFirst)
		if len(ended) != 1 || len(begun) != 2 {
			t.Errorf("begun %v, ended %v, want the first ended, and the second's begun for the third", begun, ended)
		}
		fourthCtx, leaveFourth := context.WithCancel(t.Context())
		gone(ask(fourthCtx, 4), leaveFourth) // before its turn
		if err := <-third; err != nil {
			t.Errorf("the third: got %v", err)
		}
		if err := <-ask(t.Context(), 5); err != nil {
			t.Errorf("the fifth: got %v", err)
		}
		if len(begun) != 3 || begun[2] != 5 || len(ended) != 1 {
			t.Errorf("begun %v, ended %v, want no read for the fourth", begun, ended)
		}
	})
}

// Whoever asks for what a read that was given up would give gets another one.
func TestReads_afterGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var reads gather.Reads[string, int]
		ctx, leave := context.WithCancel(t.Context())
		stubborn := func(context.Context) (int, error) { time.Sleep(time.Minute); return 1, nil }
		go func() { _, _ = reads.Get(ctx, "key", stubborn) }()
		synctest.Wait()
		leave()
		synctest.Wait()
		got, err := reads.Get(t.Context(), "key", func(ctx context.Context) (int, error) { return 2, ctx.Err() })
		if got != 2 || err != nil {
			t.Errorf("got %d, %v, want 2", got, err)
		}
	})
}
