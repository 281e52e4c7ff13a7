package transfer_test

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timak/transfer"
)

// waiting is a store whose first key is put last: its put waits until so many others were
// carried.
type waiting struct {
	*memstore.Store
	first  string
	others chan struct{}
	behind int
	then   func()
}

func (w *waiting) Put(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	if key != w.first {
		defer func() { w.others <- struct{}{} }()
		return w.Store.Put(ctx, key, value, token)
	}
	for range w.behind {
		<-w.others
	}
	w.then()
	return w.Store.Put(ctx, key, value, token)
}

// Timelines of a dump that are done, and wait for the first one to be reported, are
// unpacked no more: they would take up to 64 MiB each. It measures the memory of the
// whole process, so it does not run beside other tests.
func TestRestore_memory(t *testing.T) {
	const timelines, parallel, items, each = 40, 16, 100, 60 << 10 // bytes an item
	from := newStore(t)
	engine := timak.New(from, nil)
	for n := range timelines {
		var ops []timak.Op
		for i := range items {
			data := bytes.Repeat([]byte{byte(n), byte(i)}, each/2)
			ops = append(ops, timak.Put(timak.Item{ID: fmt.Sprint(i), At: at(i), Data: data}))
		}
		apply(t, engine, fmt.Sprintf("%02d", n), ops...)
	}
	dump := dumped(t, from)
	var most uint64
	to := &waiting{Store: newStore(t), first: "00", others: make(chan struct{}, timelines), behind: parallel, then: func() {
		runtime.GC()
		var now runtime.MemStats
		runtime.ReadMemStats(&now)
		most = now.HeapAlloc
	}}
	var before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	report, err := transfer.Restore(t.Context(), bytes.NewReader(dump), to, &transfer.Options{Parallel: parallel})
	if err != nil || report.Timelines != timelines {
		t.Fatalf("got %+v, %v, want %d timelines", report, err, timelines)
	}
	const one = items * each
	t.Logf("one timeline has %d MB; %d MB were taken while %d waited", one>>20, (int64(most)-int64(before.HeapAlloc))>>20, parallel)
	if most > before.HeapAlloc+parallel/2*one {
		t.Errorf("%d MB were taken, for timelines of %d MB of which one is carried", (most-before.HeapAlloc)>>20, one>>20)
	}
}
