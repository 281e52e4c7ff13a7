package world

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timakgorm"
)

// Letters returns the dead letters of a query.
func (w *World) Letters(query timakgorm.DeadLetterQuery) []timakgorm.DeadLetter {
	w.Helper()
	letters, err := w.Plugin.DeadLetters(w.Context(), query)
	w.Must(err)
	return letters
}

// IDsOf returns the ids of dead letters.
func IDsOf(letters []timakgorm.DeadLetter) []int64 {
	ids := []int64{}
	for _, letter := range letters {
		ids = append(ids, letter.ID)
	}
	return ids
}

// RefuseAuthor1 makes the changes of some posts of author 1 dead letters.
func RefuseAuthor1(t *testing.T, dialect string, engine *timak.Options, posts int) (*World, *Faulty) {
	t.Helper()
	store := NewFaulty()
	w := New(t, Setup{Dialect: dialect, Store: store, Engine: engine})
	store.SetBefore(FailingPuts("author:1:posts", driver.ErrTooLarge))
	for i := range posts {
		w.Must(w.DB.Create(&Post{ID: uint(i + 1), AuthorID: 1, Title: fmt.Sprint("t", i), Published: true, CreatedAt: At(i)}).Error)
	}
	w.Drain()
	store.SetBefore(nil)
	if n := w.Dead(); n != int64(posts) {
		t.Fatalf("%d dead letters, want %d", n, posts)
	}
	return w, store
}

// OnCommit are options whose deadline no healthy test comes near.
func OnCommit() *timakgorm.Options {
	return &timakgorm.Options{Deliver: timakgorm.OnCommit, DeliverTimeout: Patience, Poll: time.Hour}
}

// Patience is how long a test waits for what should be there at once.
const Patience = 20 * time.Second

// Run starts the relay, and returns what stops it and checks that it returns.
func (w *World) Run() (stop func()) {
	ctx, cancel := context.WithCancel(w.Context())
	done := make(chan error, 1)
	go func() { done <- w.Plugin.Run(ctx) }()
	return func() {
		w.Helper()
		cancel()
		select {
		case err := <-done:
			if err != nil {
				w.Errorf("Run: %v, want nil", err)
			}
		case <-time.After(Patience):
			w.Fatal("Run has not returned after the end of its context")
		}
	}
}

// Await waits until something is so.
func (w *World) Await(what string, so func() bool) {
	w.Helper()
	for deadline := time.Now().Add(Patience); !so(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.Fatalf("waited %v for %s", Patience, what)
		}
	}
}

// AwaitRelay waits until Run has applied all changes.
func (w *World) AwaitRelay() {
	w.Helper()
	w.Await("the relay to empty the outbox", func() bool { return w.Outbox() == 0 })
}

// Quick are options of a relay that looks at the outbox often.
func Quick() *timakgorm.Options { return &timakgorm.Options{Poll: 10 * time.Millisecond} }
