package riakstore_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timak/riaktest"
)

// TestLostAnswersLeaveOneSiblingEach: lost answers leave no more siblings than
// driver.Store allows. Puts hang in the cluster while their writers, who have given
// up, put again; then the hanging puts arrive.
func TestLostAnswersLeaveOneSiblingEach(t *testing.T) {
	t.Parallel()
	const lost = 7
	cluster := riaktest.Start(t, nil)
	opts := quick()
	opts.RequestTimeout, opts.RetryTime = time.Minute, time.Minute // so that the writers give up first
	store := open(t, cluster.Addresses(), opts)
	put(t, store, hot.Key, "seen by all")
	seen, err := store.Get(t.Context(), hot.Key)
	if err != nil {
		t.Fatal(err)
	}

	hung := cluster.Inject(riaktest.Match{Kind: riaktest.Put, Key: hot.Key, Count: lost}, riaktest.Hang())
	ctx, giveUp := context.WithCancel(t.Context())
	defer giveUp()
	failures := make(chan error, lost)
	for i := range lost {
		go func() {
			_, err := store.Put(ctx, hot.Key, fmt.Appendf(nil, "lost %d", i), seen.Token)
			failures <- err
		}()
	}
	until(t, func() bool { return hung.Hits() == lost })
	giveUp()
	for range lost {
		if err := <-failures; err == nil {
			t.Error("a put that hung was acknowledged")
		}
	}
	together(writers, func(i int) {
		if _, err := store.Put(t.Context(), hot.Key, fmt.Appendf(nil, "put %d", i), seen.Token); err != nil {
			t.Errorf("put %d: %v", i, err)
		}
	})
	hung.Remove()
	until(t, func() bool { return len(cluster.Siblings(hot)) >= writers+lost })
	if most := cluster.MostSiblings(hot); most != writers+lost {
		t.Errorf("got %d siblings, want %d: of %d writers and %d lost answers", most, writers+lost, writers, lost)
	}

	all, err := store.Get(t.Context(), hot.Key)
	if err == nil {
		_, err = store.Put(t.Context(), hot.Key, []byte("merged"), all.Token)
	}
	if err != nil {
		t.Fatal(err)
	}
	want(t, store, hot.Key, "merged")
}

// TestWritersWhoseAnswersAreLost: the bound holds while puts arrive late and
// answers are lost on the way to a store that repeats its puts.
func TestWritersWhoseAnswersAreLost(t *testing.T) {
	t.Parallel()
	drivertest.RunLossy(t, func(t *testing.T) driver.Store {
		cluster := riaktest.Start(t, nil)
		for i, fault := range []riaktest.Fault{riaktest.LoseReply(), riaktest.CutReply(), riaktest.Drop(), riaktest.Fail("timeout")} {
			injected := cluster.Inject(riaktest.Match{Kind: riaktest.Put, Skip: 20 * (i + 1), Count: 5}, fault)
			t.Cleanup(func() {
				if injected.Hits() == 0 {
					t.Errorf("fault %d has hit nothing", i)
				}
			})
		}
		store := open(t, cluster.Addresses(), nil)
		return lateAndResending{&drivertest.Late{Store: store, Lose: func(n int) error {
			if n%10 == 0 {
				return driver.ErrUnavailable
			}
			return nil
		}}, store}
	})
}

// lateAndResending is a store whose puts may arrive late, and which counts the puts
// that it repeats.
type lateAndResending struct {
	*drivertest.Late
	drivertest.Resending
}
