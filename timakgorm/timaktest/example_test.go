package timaktest_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"testing"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/timaktest"
)

// publish is the application's own code.
func publish(db *gorm.DB, post *Post) error {
	return db.Model(post).Update("published", true).Error
}

// A draft is on no timeline. It comes onto its author's when it is published, even during an
// outage of the store, when that has ended.
func Example() {
	t := begin() // in a test of your own: its t
	defer t.end()
	db := open(t, "sqlite") // its database
	timelines := timaktest.Use(t, db, nil, &Post{})
	key := timakgorm.Key("author:{}:posts", 7)

	post := create(t, db, Post{AuthorID: 7})
	timelines.Relay(t)
	timelines.RequireNotOn(t, key, &post)

	timelines.Store.Fail(nil)
	if err := publish(db, &post); err != nil {
		t.Fatal(err) // a write does not depend on the store
	}
	fmt.Println(timelines.TryRelay(t.Context()))

	timelines.Store.Mend()
	timelines.Relay(t)
	timelines.RequireOn(t, key, &post)
	fmt.Println(timelines.IDs(t, key))
	// Output:
	// store is unavailable
	// [posts:1]
}

// running is a test for examples, which have none.
type running struct {
	testing.TB

	folder   string
	cleanups []func()
}

func begin() *running {
	folder, err := os.MkdirTemp("", "timaktest")
	if err != nil {
		panic(err)
	}
	return &running{folder: folder}
}

func (r *running) end() {
	for i := range r.cleanups {
		r.cleanups[len(r.cleanups)-1-i]()
	}
	if err := os.RemoveAll(r.folder); err != nil {
		panic(err)
	}
}

func (r *running) Helper()                         {}
func (r *running) Context() context.Context        { return context.Background() }
func (r *running) Output() io.Writer               { return io.Discard }
func (r *running) TempDir() string                 { return r.folder }
func (r *running) Cleanup(call func())             { r.cleanups = append(r.cleanups, call) }
func (r *running) Fatal(args ...any)               { panic(fmt.Sprintln(args...)) }
func (r *running) Fatalf(text string, args ...any) { panic(fmt.Sprintf(text, args...)) }
