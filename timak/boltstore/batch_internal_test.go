package boltstore

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"go.etcd.io/bbolt"
)

// TestBatch: writes that wait for the disk at the same time each have their own
// result; one that fails does not affect the others.
func TestBatch(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	damaged := []byte("no record")
	err := s.file.update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte(bucketName)).Put([]byte("damaged"), damaged) })
	if err != nil {
		t.Fatal(err)
	}
	release := holdWriters(t, s)
	first := startPut(t, s, "first").atDisk()
	others := []running{startPut(t, s, "damaged").queued()}
	for i := range 20 {
		others = append(others, startPut(t, s, fmt.Sprint(i%10)).queued())
	}
	release()
	if err := soon(t, "the first", first.failed); err != nil {
		t.Error(err)
	}
	if err := soon(t, "a write of a damaged record", others[0].failed); !errors.Is(err, ErrDamaged) {
		t.Errorf("a write of a damaged record: got %v, want ErrDamaged", err)
	}
	for _, other := range others[1:] {
		if err := soon(t, "another", other.failed); err != nil {
			t.Error(err)
		}
	}
	for i := range 10 {
		object, err := s.Get(t.Context(), fmt.Sprint(i))
		if err != nil || len(object.Siblings) != 2 || !bytes.Equal(object.Siblings[0], fmt.Appendf(nil, "value of %d", i)) {
			t.Errorf("%d: got %q, %v, want both writes", i, object.Siblings, err)
		}
	}
}

// TestGather: all waiting writes are taken together, up to a limit.
func TestGather(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &writer{writes: make(chan write)}
		var senders sync.WaitGroup
		for range maxBatch + 20 {
			senders.Go(func() { w.writes <- write{} })
		}
		synctest.Wait()
		for _, want := range []int{maxBatch, 20} {
			if got := len(w.gather(<-w.writes)); got != want {
				t.Errorf("%d writes are taken together, want %d", got, want)
			}
		}
		senders.Wait()
	})
}
