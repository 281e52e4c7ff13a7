package boltstore

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/timak-go/timak/timak/driver"
)

// patience is how long a call that must return at once may take on a loaded
// machine.
const patience = 30 * time.Second

// openStore opens a new store, and closes it after the test.
func openStore(t *testing.T) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "feed.db"), &Options{NoSync: true})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// holdWriters takes bbolt's writer lock, as a slow disk would, and returns the
// function that releases it.
func holdWriters(t *testing.T, s *Store) (release func()) {
	t.Helper()
	tx, err := s.file.db.Begin(true)
	if err != nil {
		t.Fatalf("Begin: %v", err)
	}
	return func() {
		if err := tx.Rollback(); err != nil {
			t.Errorf("Rollback: %v", err)
		}
	}
}

// busyWriter gives the writer a batch that it cannot finish, and returns the
// function that lets it. Until then the writer accepts no other writes; writes that
// arrived while it was still gathering would have joined the batch.
func busyWriter(t *testing.T, s *Store) (release func()) {
	t.Helper()
	done := make(chan written)
	release = sync.OnceFunc(func() { <-done })
	t.Cleanup(release) // otherwise Close would wait forever
	s.writer.writes <- write{key: "busy", done: done}
	for {
		obj, err := s.Get(t.Context(), "busy")
		if err != nil {
			t.Fatalf("Get: %v", err)
		}
		if len(obj.Siblings) > 0 {
			return release
		}
	}
}

// A running is a Put in its own goroutine.
type running struct {
	cancel  context.CancelFunc
	selects <-chan struct{} // receives for every select that the Put reaches
	failed  <-chan error
}

// startPut starts a Put of "value of <key>".
func startPut(t *testing.T, s *Store, key string) running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	selects, failed := make(chan struct{}, 2), make(chan error, 1)
	go func() {
		_, err := s.Put(watchedContext{ctx, selects}, key, []byte("value of "+key), nil)
		failed <- err
	}()
	return running{cancel: cancel, selects: selects, failed: failed}
}

// queued waits until the Put waits for the writer, or is beyond that point.
func (r running) queued() running {
	<-r.selects
	return r
}

// atDisk waits until the writer has taken the Put.
func (r running) atDisk() running {
	<-r.selects
	<-r.selects
	return r
}

// wantCancelled ends the Put's context, and expects it to return at once.
func (r running) wantCancelled(t *testing.T) {
	t.Helper()
	r.cancel()
	if err := soon(t, "a cancelled Put", r.failed); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled Put: got %v, want context.Canceled", err)
	}
}

// watchedContext tells when a goroutine is about to wait for its end.
type watchedContext struct {
	context.Context
	asked chan<- struct{}
}

func (w watchedContext) Done() <-chan struct{} {
	w.asked <- struct{}{}
	return w.Context.Done()
}

// soon returns what arrives on c.
func soon(t *testing.T, what string, c <-chan error) error {
	t.Helper()
	select {
	case err := <-c:
		return err
	case <-time.After(patience):
		t.Fatalf("%s has not returned after %v", what, patience)
		return nil
	}
}

// background runs call and returns where its error will be.
func background(call func() error) <-chan error {
	failed := make(chan error, 1)
	go func() { failed <- call() }()
	return failed
}

// wantStored expects the value of startPut under key.
func wantStored(t *testing.T, s *Store, key string) {
	t.Helper()
	obj, err := s.Get(t.Context(), key)
	if err != nil || len(obj.Siblings) != 1 || string(obj.Siblings[0]) != "value of "+key {
		t.Errorf("Get(%q): got %q, %v; want its value", key, obj.Siblings, err)
	}
}

func TestReadersDoNotWaitForWriters(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	if err := soon(t, "Put", startPut(t, s, "a").failed); err != nil {
		t.Fatalf("Put: %v", err)
	}
	defer holdWriters(t, s)()
	startPut(t, s, "b").atDisk()
	read := background(func() error { _, err := s.Get(t.Context(), "a"); return err })
	if err := soon(t, "Get", read); err != nil {
		t.Errorf("Get: %v", err)
	}
}

func TestPutCancelledAtTheDisk(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	release := holdWriters(t, s)
	startPut(t, s, "cancelled").atDisk().wantCancelled(t)
	release()

	if err := soon(t, "Put", startPut(t, s, "next").failed); err != nil {
		t.Errorf("Put after a cancelled one: %v", err)
	}
	wantStored(t, s, "cancelled")
	wantStored(t, s, "next")
}

func TestPutCancelledInTheQueue(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	release := busyWriter(t, s)
	startPut(t, s, "cancelled").queued().wantCancelled(t)
	release()

	if err := soon(t, "Put", startPut(t, s, "next").failed); err != nil {
		t.Errorf("Put after a cancelled one: %v", err)
	}
	if obj, err := s.Get(t.Context(), "cancelled"); err != nil || len(obj.Siblings) != 0 {
		t.Errorf("Put that was cancelled while it waited: got %q, %v; want nothing stored", obj.Siblings, err)
	}
}

func TestCloseWaitsForRunningCalls(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	release := holdWriters(t, s)
	puts := []running{
		startPut(t, s, "a").atDisk(),
		startPut(t, s, "b").queued(),
		startPut(t, s, "c").queued(),
	}
	closes := []<-chan error{background(s.Close), background(s.Close)}
	time.Sleep(20 * time.Millisecond)
	if len(closes[0])+len(closes[1]) > 0 {
		t.Error("Close returned while calls were running")
	}
	release()
	for _, put := range puts {
		if err := soon(t, "Put", put.failed); err != nil {
			t.Errorf("Put that ran before Close: %v", err)
		}
	}
	for _, closed := range closes {
		if err := soon(t, "Close", closed); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	select {
	case <-s.writer.stopped:
	default:
		t.Error("the writer runs on after Close")
	}
}

// A Put whose caller has left still uses the file: Close waits for it too.
func TestCloseWaitsForAbandonedPuts(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	release := holdWriters(t, s)
	abandoned := startPut(t, s, "abandoned").atDisk()
	abandoned.cancel()
	if err := soon(t, "Put", abandoned.failed); !errors.Is(err, context.Canceled) {
		t.Fatalf("Put: got %v, want context.Canceled", err)
	}
	closed := background(s.Close)
	time.Sleep(20 * time.Millisecond)
	if len(closed) > 0 {
		t.Error("Close returned while a Put had the file")
	}
	release()
	if err := soon(t, "Close", closed); err != nil {
		t.Errorf("Close: %v", err)
	}

	s, err := Open(s.path, &Options{NoSync: true})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	defer func() { _ = s.Close() }()
	wantStored(t, s, "abandoned")
}

// While Close waits, new calls are refused at once.
func TestClosingStoreRefusesCalls(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	defer holdWriters(t, s)()
	startPut(t, s, "a").atDisk()
	closed := background(s.Close)
	for {
		get := background(func() error { _, err := s.Get(t.Context(), "a"); return err })
		if err := soon(t, "Get", get); errors.Is(err, driver.ErrClosed) {
			break
		}
	}
	if len(closed) > 0 {
		t.Error("Close returned while a call was running")
	}
}
