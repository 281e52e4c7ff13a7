package feedmix

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// scene is one turn of a side.
type scene struct {
	*Result

	side     Side
	capacity int
	sleep    func(time.Duration) // of the Loop
	fail     context.CancelCauseFunc
	last     atomic.Int64 // when an operation ended, since the beginning
	watchers sync.WaitGroup
}

// play starts operations, one after the other, and waits until all have ended, and all
// posts that are watched were seen.
func (s *scene) play(ctx context.Context, ops []Op, every time.Duration) error {
	ctx, s.fail = context.WithCancelCause(ctx)
	defer s.fail(nil)
	began := time.Now()
	Loop{Every: every, Sleep: s.sleep}.Run(ctx, len(ops), func(i int, due time.Time) {
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

func (s *scene) do(ctx context.Context, op Op, due time.Time) error {
	switch op.Kind {
	case ReadHome:
		return s.readHome(ctx, op, due)
	case ReadAuthor:
		_, err := s.side.Author(ctx, op.Author, "")
		s.Author.Add(time.Since(due))
		return err
	default:
		return s.change(ctx, op, due)
	}
}

// readHome reads the first page of a feed, and others if the operation says so.
func (s *scene) readHome(ctx context.Context, op Op, due time.Time) error {
	posts, since, took := 0, due, &s.Home
	return homeOf(s.side, op.User).walk(ctx, func(page Page) bool {
		took.Add(time.Since(since))
		since = time.Now()
		posts += len(page.Posts)
		if took = &s.Further; posts >= s.capacity {
			took = &s.Past
		}
		return op.Depth == toEnd && posts < s.capacity || op.Depth == pastEnd && posts < s.capacity+pageLimit
	})
}

// change makes a change, and has it watched.
func (s *scene) change(ctx context.Context, op Op, due time.Time) error {
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

func (s *scene) watch(ctx context.Context, op Op, committed time.Time) {
	took, seen, err := watch(ctx, s.side, op.Watcher, op.Post, committed)
	if err != nil {
		s.fail(fmt.Errorf("feedmix: watch for post %d in the feed of user %d: %w", op.Post.ID, op.Watcher, err))
		return
	}
	if s.Visible.Add(took); !seen {
		atomic.AddInt64(&s.Unseen, 1)
	}
}

func (s *scene) write(ctx context.Context, op Op) error {
	switch {
	case op.Kind == Publish:
		return s.side.Publish(ctx, op.Post)
	case op.Kind == Edit:
		return s.side.Edit(ctx, op.Post)
	case op.Kind == Delete:
		return s.side.Delete(ctx, op.Post)
	case op.Unfollow:
		return s.side.Unfollow(ctx, op.User, op.Author)
	default:
		return s.side.Follow(ctx, op.User, op.Author)
	}
}
