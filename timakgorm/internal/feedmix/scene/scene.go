// Package scene has a side do what a script says, and measures it.
package scene

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/feedmix/feed"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/measured"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/openloop"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/script"
)

// scene is one turn of a side.
type scene struct {
	*measured.Result

	side     feed.Side
	capacity int
	sleep    func(time.Duration) // of the Loop
	fail     context.CancelCauseFunc
	last     atomic.Int64 // when an operation ended, since the beginning
	watchers sync.WaitGroup
}

// Play plays operations on a side whose feeds keep so many posts, one every so often, and
// adds what it measures to a result.
func Play(ctx context.Context, result *measured.Result, side feed.Side, capacity int, ops []script.Op, every time.Duration) error {
	s := &scene{Result: result, side: side, capacity: capacity}
	return s.play(ctx, ops, every)
}

// play starts operations, one after the other, and waits until all have ended, and all
// posts that are watched were seen.
func (s *scene) play(ctx context.Context, ops []script.Op, every time.Duration) error {
	ctx, s.fail = context.WithCancelCause(ctx)
	defer s.fail(nil)
	began := time.Now()
	openloop.Loop{Every: every, Sleep: s.sleep}.Run(ctx, len(ops), func(i int, due time.Time) {
		s.Started.Add(time.Since(due))
		if err := s.do(ctx, ops[i], due); err != nil {
			s.fail(fmt.Errorf("feedmix: %+v: %w", ops[i], err))
		}
		atomicMax(&s.last, int64(time.Since(began)))
	})
	s.watchers.Wait()
	s.Late = max(s.Late, time.Duration(s.last.Load())-time.Duration(len(ops)-1)*every)
	return context.Cause(ctx)
}

func atomicMax(of *atomic.Int64, value int64) {
	for {
		old := of.Load()
		if old >= value || of.CompareAndSwap(old, value) {
			return
		}
	}
}

func (s *scene) do(ctx context.Context, op script.Op, due time.Time) error {
	switch op.Kind {
	case script.ReadHome:
		return s.readHome(ctx, op, due)
	case script.ReadAuthor:
		_, err := s.side.Author(ctx, op.Author, "")
		s.Author.Add(time.Since(due))
		return err
	default:
		return s.change(ctx, op, due)
	}
}

// readHome reads the first page of a feed, and others if the operation says so.
func (s *scene) readHome(ctx context.Context, op script.Op, due time.Time) error {
	posts, since, took := 0, due, &s.Home
	return feed.HomeOf(s.side, op.User).Walk(ctx, func(page feed.Page) bool {
		took.Add(time.Since(since))
		since = time.Now()
		posts += len(page.Posts)
		if took = &s.Further; posts >= s.capacity {
			took = &s.Past
		}
		return op.Depth == script.ToEnd && posts < s.capacity || op.Depth == script.PastEnd && posts < s.capacity+feed.PageLimit
	})
}

// change makes a change, and has it watched.
func (s *scene) change(ctx context.Context, op script.Op, due time.Time) error {
	if err := s.write(ctx, op); err != nil {
		return err
	}
	committed := time.Now()
	s.Write.Add(committed.Sub(due))
	atomic.AddInt64(&s.Changes, 1)
	if op.Watcher > 0 {
		s.watchers.Go(func() { s.watch(ctx, op, committed) })
	}
	return nil
}

func (s *scene) watch(ctx context.Context, op script.Op, committed time.Time) {
	took, seen, err := watch(ctx, s.side, op.Watcher, op.Post, committed)
	if err != nil {
		s.fail(fmt.Errorf("feedmix: watch for post %d in the feed of user %d: %w", op.Post.ID, op.Watcher, err))
		return
	}
	if s.Visible.Add(took); !seen {
		atomic.AddInt64(&s.Unseen, 1)
	}
}

func (s *scene) write(ctx context.Context, op script.Op) error {
	switch {
	case op.Kind == script.Publish:
		return s.side.Publish(ctx, op.Post)
	case op.Kind == script.Edit:
		return s.side.Edit(ctx, op.Post)
	case op.Kind == script.Delete:
		return s.side.Delete(ctx, op.Post)
	case op.Unfollow:
		return s.side.Unfollow(ctx, op.User, op.Author)
	default:
		return s.side.Follow(ctx, op.User, op.Author)
	}
}
